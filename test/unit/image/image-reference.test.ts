import { describe, expect, it } from '@jest/globals';
import { parseImageReference } from '../../../scripts/image/image-reference.ts';

describe('the name of an image', () => {
  it.each([
    ['istio-ra:0.1.0', 'docker.io/library/istio-ra:0.1.0', '0.1.0'],
    ['platform/istio-ra:v1', 'docker.io/platform/istio-ra:v1', 'v1'],
    ['registry.example.com/istio-ra:1', 'registry.example.com/istio-ra:1', '1'],
    ['registry.example.com:5000/a/b:1', 'registry.example.com:5000/a/b:1', '1'],
    ['localhost:5000/istio-ra:1', 'localhost:5000/istio-ra:1', '1'],
    ['localhost/istio-ra:1', 'localhost/istio-ra:1', '1'],
  ])('%s is to a container runtime %s', (written, full, tag) => {
    expect(parseImageReference(written)).toEqual({ written, full, tag });
  });

  it.each([
    'istio-ra',
    'registry.example.com:5000/istio-ra',
    'Istio-RA:1',
    'istio-ra:',
    ':1',
    'istio ra:1',
    'istio-ra@sha256:0000',
    '-/x:1:2',
    '../../x:1',
    'Team/istio-ra:1',
    '-registry.example.com/x:1',
    '',
  ])('is not "%s"', (written) => {
    expect(() => parseImageReference(written)).toThrow(
      "an image's name is written as [registry/]repository:tag, with a repository in lower case, such as istio-ra:0.1.0; found",
    );
  });
});
