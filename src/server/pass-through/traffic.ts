/** What was carried so far, in plain numbers that only grow. */
export interface Traffic {
  /** From clients to istiod, payload of both gRPC and TCP without their transport's framing. */
  bytesToUpstream: number;
  bytesToClients: number;
}

export function noTraffic(): Traffic {
  return { bytesToUpstream: 0, bytesToClients: 0 };
}
