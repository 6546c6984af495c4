import { describe, expect, it } from '@jest/globals';
import { StartStack } from '../../../src/base/start-stack.ts';

describe('StartStack', () => {
  it('stops in reverse order, once', async () => {
    const order: number[] = [];
    const stack = new StartStack();
    stack.defer(() => void order.push(1));
    stack.defer(() => void order.push(2));
    await stack.stop();
    await stack.stop();
    expect(order).toEqual([2, 1]);
  });

  it('stops the others when one fails, and then throws what it threw', async () => {
    const order: number[] = [];
    const failure = new Error('stuck');
    const stack = new StartStack();
    stack.defer(() => void order.push(1));
    stack.defer(() => {
      throw failure;
    });
    await expect(stack.stop()).rejects.toBe(failure);
    expect(order).toEqual([1]);
  });
});
