/** Who asks, as the API server knows it. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** The audience of tokens for the API itself. */
export const apiAudience = 'https://kubernetes.default.svc';

/** May do everything: so the API server treats the group. */
export const administratorsGroup = 'system:masters';
