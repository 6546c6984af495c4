import fc from 'fast-check';

/** Fails the test with the smallest counterexample that fast-check finds. */
export function expectProperty<Values>(
  property: fc.IProperty<Values>,
  parameters: fc.Parameters<Values> = {},
): void {
  fc.assert(property, parameters);
}
