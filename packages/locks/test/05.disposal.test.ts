import { describe, expect, test } from '@jest/globals';
import { Disposal } from '@tb/locks';
import { rejection } from './place.ts';

describe('Disposal', () => {
  test('runs the steps last in first out, each awaited', async () => {
    const order: string[] = [];
    const step = (name: string) => async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push(name);
    };
    {
      await using held = new Disposal();
      held.defer(step('first'));
      held.use({ [Symbol.asyncDispose]: step('second') });
      held.use({ [Symbol.dispose]: () => void order.push('third') });
    }
    expect(order).toEqual(['third', 'second', 'first']);
  });

  test('gives back the resource it takes over', () => {
    const resource = { [Symbol.dispose]: () => {} };
    expect(new Disposal().use(resource)).toBe(resource);
  });

  test('what was moved out is not released here, but by its new owner, once', async () => {
    let released = 0;
    let moved: Disposal | undefined;
    {
      await using held = new Disposal();
      held.defer(() => {
        released += 1;
      });
      moved = held.move();
    }
    expect(released).toBe(0);
    await moved[Symbol.asyncDispose]();
    await moved[Symbol.asyncDispose]();
    expect(released).toBe(1);
  });

  test('a step that fails does not stop the others; one failure is thrown as it is', async () => {
    const failure = new Error('one');
    let released = 0;
    const held = new Disposal();
    held.defer(() => {
      released += 1;
    });
    held.defer(() => Promise.reject(failure));
    held.defer(() => {
      released += 1;
    });
    expect(await rejection(held[Symbol.asyncDispose]())).toBe(failure);
    expect(released).toBe(2);
  });

  test('several failures are thrown together, newest step first', async () => {
    const held = new Disposal();
    for (const name of ['a', 'b'])
      held.defer(() => {
        throw new Error(name);
      });
    const error = await rejection(held[Symbol.asyncDispose]());
    expect((error as unknown as AggregateError).errors.map((one: Error) => one.message)).toEqual([
      'b',
      'a',
    ]);
  });

  test('a throw half way through an open gives everything back', async () => {
    const order: string[] = [];
    const open = async (): Promise<Disposal> => {
      await using held = new Disposal();
      held.defer(() => void order.push('lock'));
      held.defer(() => void order.push('database'));
      throw new Error('third step');
    };
    expect((await rejection(open())).message).toBe('third step');
    expect(order).toEqual(['database', 'lock']);
  });
});
