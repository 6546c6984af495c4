import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../../src/sandbox/kube-object.ts';
import {
  parseFieldSelector,
  parseLabelSelector,
  parseSelection,
} from '../../../src/sandbox/selectors.ts';
import { refusalOf } from './api-world.ts';

function anObject(labels: Record<string, string>, namespace?: string): KubeObject {
  const place = namespace === undefined ? {} : { namespace };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'a',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels,
      ...place,
    },
    spec: { nodeName: 'node-1' },
  };
}

describe('parseLabelSelector', () => {
  it.each([
    ['', true],
    ['app', true],
    ['!app', false],
    ['tier', false],
    ['!tier', true],
    ['app=web', true],
    ['app==web', true],
    ['app=db', false],
    ['app!=db', true],
    ['tier!=db', true],
    ['app in (web, db)', true],
    ['app in (db)', false],
    ['app notin (db)', true],
    ['tier notin (db)', true],
    ['app=web,v in (1,2)', true],
    ['app=web,v in (2)', false],
    ['istio.io/rev=', false],
  ])('reads %j', (selector, selected) => {
    expect(parseLabelSelector(selector)(anObject({ app: 'web', v: '1' }))).toBe(selected);
  });

  it('takes no inherited property for a label', () => {
    expect(parseLabelSelector('constructor')(anObject({}))).toBe(false);
  });

  it.each(['=x', 'a b', 'a in x', 'a in (', '!'])('refuses %j with 400', (selector) => {
    expect(refusalOf(() => parseLabelSelector(selector)).code).toBe(400);
  });
});

describe('parseFieldSelector', () => {
  const offered = ['metadata.name', 'spec.nodeName'];

  it.each([
    ['metadata.name=a', true],
    ['metadata.name==b', false],
    ['metadata.name!=b', true],
    ['metadata.name=a,spec.nodeName=node-2', false],
  ])('reads %j', (selector, selected) => {
    expect(parseFieldSelector(selector, offered)(anObject({}))).toBe(selected);
  });

  it('refuses a field that the resource does not offer', () => {
    const { code, message } = refusalOf(() => parseFieldSelector('spec.foo=1', offered));
    expect({ code, message }).toEqual({
      code: 400,
      message: 'field label not supported: spec.foo',
    });
  });
});

describe('parseSelection', () => {
  it('wants namespace, labels and fields to fit', () => {
    const selects = parseSelection(
      { namespace: 'foo', labelSelector: 'app', fieldSelector: 'metadata.name=a' },
      ['metadata.name'],
    );
    expect([
      selects(anObject({ app: 'x' }, 'foo')),
      selects(anObject({ app: 'x' }, 'bar')),
      selects(anObject({}, 'foo')),
    ]).toEqual([true, false, false]);
  });
});
