import { isJsonObject } from '../../base/json.ts';
import type { JsonObject } from '../../base/json.ts';
import { badAnswer } from './answer-errors.ts';
import type { CallName } from './answer-errors.ts';

/** The path that stands before every other one of a server; empty where there is none. */
export function pathPrefixOf(server: string): string {
  return new URL(server).pathname.replace(/\/$/, '');
}

/** The answer to a call, which is an object in JSON. Throws a `KubeApiError` where it is not. */
export function readObject(text: string, call: CallName): JsonObject {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw badAnswer('the answer cannot be read', call, error);
  }
  if (isJsonObject(answer)) return answer;
  throw badAnswer('the answer is no object', call);
}
