import { Admission } from '../admission/admission.ts';
import type { AdmissionLimits } from '../admission/admission-limits.ts';
import type { Authenticator } from '../authn/authenticator.ts';
import type { CallerPods } from '../authz/caller-pods.ts';
import type { NodeAuthorizer } from '../authz/granted-identity.ts';
import type { AssignmentInputSource } from '../authz/assignment-inputs.ts';
import type { LoopLag } from '../base/loop-lag.ts';
import type { StartContext } from '../base/start-stack.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { ChainVerifier } from '../pki/chain.ts';
import type { DecisionLog } from '../ra/decision-log.ts';
import { KeyHolders } from '../ra/key-holders.ts';
import type { KnownIssuers } from '../ra/known-issuers.ts';
import { RegistrationAuthority } from '../ra/registration-authority.ts';
import type { Signer } from '../ra/signer.ts';
import { CertificateService } from '../server/certificate-service.ts';

/** Who calls, and what that caller may have. */
export interface AccessControl {
  readonly authenticator: Authenticator;
  /** Undefined where no node account is trusted. */
  readonly nodeAuthorizer: NodeAuthorizer | undefined;
  readonly inputSource: AssignmentInputSource;
  readonly callerPods: CallerPods;
}

export interface RequestHandlingOptions {
  readonly config: Pick<RaConfig, 'lifetime' | 'requestBudgetMs' | 'load' | 'denyKeyReuse'>;
  readonly access: AccessControl;
  readonly signer: Signer;
  readonly issuers: KnownIssuers;
  readonly decisions: DecisionLog;
  readonly onStarted: () => void;
  readonly loopLag: LoopLag;
  readonly context: StartContext;
}

/** CreateCertificate, from the first look at a call to its answer. */
export interface RequestHandling {
  readonly service: CertificateService;
  readonly admission: Admission;
}

/** A loop that lags like this for so long has more to do than it can. */
const overload = { lagMs: 200, forMs: 5_000 };
const withoutRates: Partial<AdmissionLimits> = {
  perPod: undefined,
  perIdentity: undefined,
  perNodeAgent: undefined,
  failuresPerConnection: undefined,
};

export function openRequestHandling(options: RequestHandlingOptions): RequestHandling {
  const { config, access, decisions, onStarted, loopLag } = options;
  const { clock, random, log } = options.context;
  const admission = new Admission({
    clock,
    random,
    limits: config.load.rateLimits ? {} : withoutRates,
    isOverloaded: () => loopLag.wasAbove(overload.lagMs, overload.forMs),
  });
  const issuer = new RegistrationAuthority({
    inputSource: access.inputSource,
    callerPods: access.callerPods,
    lifetime: config.lifetime,
    signer: options.signer,
    verifier: new ChainVerifier(),
    keyHolders: new KeyHolders({ denyReuse: config.denyKeyReuse, log: log.scope('ra') }),
    issuers: options.issuers,
    clock,
  });
  const service = new CertificateService({
    authenticator: access.authenticator,
    nodeAuthorizer: access.nodeAuthorizer,
    admission,
    issuer,
    decisions,
    onStarted,
    budgetMs: config.requestBudgetMs,
    clock,
    log: log.scope('server'),
  });
  return { service, admission };
}
