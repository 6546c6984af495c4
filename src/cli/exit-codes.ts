/** What a command's exit status says, for scripts. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  unauthenticated: 3,
  refused: 4,
  invalid: 5,
  unavailable: 6,
  unverified: 7,
} as const;

/** The exit status for a call that ended with a gRPC status of this name. */
export function exitCodeOf(grpcStatus: string): number {
  switch (grpcStatus) {
    case 'UNAUTHENTICATED':
      return exitCodes.unauthenticated;
    case 'PERMISSION_DENIED':
    case 'FAILED_PRECONDITION':
      return exitCodes.refused;
    case 'INVALID_ARGUMENT':
      return exitCodes.invalid;
    case 'UNAVAILABLE':
    case 'DEADLINE_EXCEEDED':
    case 'RESOURCE_EXHAUSTED':
      return exitCodes.unavailable;
    default:
      return exitCodes.failed;
  }
}
