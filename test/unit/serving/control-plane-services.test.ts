import { describe, expect, it } from '@jest/globals';
import { ControlPlaneServices } from '../../../src/serving/control-plane-services.ts';
import { KubeApiError } from '../../../src/kube/api-error.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordingLogger } from '../../support/recording-logger.ts';
import { anItem, ScriptedSource } from '../kube/scripted-source.ts';

/** Started, a second later. */
async function begun(lists: ScriptedSource['lists']) {
  const [clock, log, source] = [new FakeClock(), new RecordingLogger(), new ScriptedSource()];
  source.lists = lists;
  const services = new ControlPlaneServices({
    ...{ source, clock, log, random: () => 0.5, namespace: 'istio-system' },
  });
  services.start();
  await clock.advance(1_000);
  return { services, clock, log, source };
}

const forbidden = new KubeApiError('services is forbidden', {
  ...{ status: 403, reason: 'Forbidden', verb: 'list', resource: 'services' },
});

describe('the Services of all istiods', () => {
  it('are not known before they have been listed', async () => {
    const { services } = await begun(['hang']);
    expect(services.dnsNames()).toBeUndefined();
    await services.stop();
  });

  it('are followed as a revision is added and goes', async () => {
    const istiod = anItem('istiod', '1');
    const { services, clock, source } = await begun([{ items: [istiod], resourceVersion: '1' }]);
    expect(services.dnsNames()).toEqual(['istiod.istio-system.svc']);

    const canary = anItem('istiod-canary', '2');
    source.current.put(canary);
    await clock.advance(1_000);
    expect(services.dnsNames()).toEqual([
      'istiod-canary.istio-system.svc',
      'istiod.istio-system.svc',
    ]);

    source.current.gone({ ...canary, resourceVersion: '3' });
    await clock.advance(1_000);
    expect(services.dnsNames()).toEqual(['istiod.istio-system.svc']);
    await services.stop();
  });

  it('are none without the right to read them, which is said once', async () => {
    const { services, log, clock } = await begun([forbidden]);
    expect(services.dnsNames()).toEqual([]);
    await clock.advance(60_000);
    expect(services.dnsNames()).toEqual([]);

    const said = log.lines.filter(({ message }) => message.includes('grant the right'));
    expect(said).toMatchObject([{ level: 'warn', fields: { namespace: 'istio-system' } }]);
    await services.stop();
  });

  it('are warned of for each reason', async () => {
    const items = Array.from({ length: 60 }, (_, at) => anItem(`istiod-${at}`, '1'));
    const { services, log, clock, source } = await begun([forbidden]);
    expect(services.dnsNames()).toEqual([]);
    source.lists = [{ items, resourceVersion: '1' }];
    await clock.advance(60_000);
    expect(services.dnsNames()).toHaveLength(50);

    const warned = log.lines.filter(({ message }) => message.includes('Services'));
    expect(warned.map(({ message }) => message)).toEqual([
      expect.stringContaining('grant the right'),
      expect.stringContaining('more than 50 Services'),
    ]);
    await services.stop();
  });

  it('are named up to a bound', async () => {
    const items = Array.from({ length: 60 }, (_, at) => anItem(`istiod-${at}`, '1'));
    const { services, log } = await begun([{ items, resourceVersion: '1' }]);
    expect(services.dnsNames()).toHaveLength(50);
    expect(log.lines).toContainEqual(
      expect.objectContaining({ message: expect.stringContaining('more than 50 Services') }),
    );
    await services.stop();
  });
});
