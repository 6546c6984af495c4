/** Go's own spelling, which is what dashboards of gRPC servers know. */
const irregular: Readonly<Record<string, string>> = { OK: 'OK', CANCELLED: 'Canceled' };

/** `UNAVAILABLE` as `Unavailable`: a status code as the usual gRPC metrics write it. */
export function grpcCodeName(status: string): string {
  return (
    irregular[status] ??
    status
      .split('_')
      .map((word) => word.slice(0, 1) + word.slice(1).toLowerCase())
      .join('')
  );
}
