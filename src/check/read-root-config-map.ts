import { listAt, textAt, stringMapAt, valueAt } from '../base/json.ts';
import { fieldManager } from '../kube/labels.ts';

/** The key that clients read their roots from. */
const rootKey = 'root-cert.pem';

/** A namespace's ConfigMap with the roots that verify the control plane. */
export interface RootConfigMap {
  readonly namespace: string;
  /** Undefined where the key is missing. */
  readonly pem: string | undefined;
  /** Who else than us has written the key, by the API server's own record. */
  readonly otherWriters: readonly string[];
}

export function readRootConfigMap(object: unknown): RootConfigMap {
  const data = stringMapAt(object, 'data');
  const managers = listAt(object, 'metadata', 'managedFields')
    .filter((entry) => valueAt(entry, 'fieldsV1', 'f:data', `f:${rootKey}`) !== undefined)
    .map((entry) => textAt(entry, 'manager'));
  return {
    namespace: textAt(object, 'metadata', 'namespace'),
    pem: data[rootKey],
    otherWriters: [...new Set(managers)].filter((manager) => manager !== fieldManager),
  };
}
