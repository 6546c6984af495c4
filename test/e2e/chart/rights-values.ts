import { chartValues } from './chart-values.ts';

/** The same with everything on that needs a further right and no other cluster. */
export const rightsValues = {
  ...chartValues,
  // Whoever adds a right by hand must not be held back by a second lock when it is taken away.
  admissionPolicy: { enabled: false },
  app: {
    ...chartValues.app,
    signers: [...chartValues.app.signers, { name: 'own', namespace: 'foo' }],
    signerPolicy: {
      rules: [{ name: 'bar', match: { namespaces: ['bar'] }, signers: ['bar'], exclusive: true }],
    },
    trustedNodeAccounts: ['istio-system/ztunnel'],
    remoteClusters: [{ id: 'west', namespaces: ['foo'], signers: ['foo'] }],
    budgets: { request: '10s' },
  },
  // Nobody is led elsewhere here when a replica ends.
  extraEnv: [{ name: 'DRAIN_DELAY', value: '0' }],
};
