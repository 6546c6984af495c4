const pattern = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/[^/]+$/;

/** The namespace of a workload's SPIFFE id; undefined where there is none. */
export function namespaceOf(uri: string | undefined): string | undefined {
  return uri === undefined ? undefined : pattern.exec(uri)?.[1];
}
