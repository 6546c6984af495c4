import { Admission } from '../admission/admission.ts';
import type { AdmissionLimits } from '../admission/admission-limits.ts';
import type { Random } from '../base/backoff.ts';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { LoopLag } from '../base/loop-lag.ts';
import type { RaConfig } from '../config/ra-config.ts';
import { ChainVerifier } from '../pki/chain.ts';
import type { DecisionLog } from '../ra/decision-log.ts';
import { KeyHolders } from '../ra/key-holders.ts';
import type { KnownIssuers } from '../ra/known-issuers.ts';
import { RegistrationAuthority } from '../ra/registration-authority.ts';
import { CertificateService } from '../server/certificate-service.ts';
import type { Judgement } from './judgement.ts';
import type { Signing } from './signing.ts';

export interface CertificateAuthorityOptions {
  readonly config: Pick<RaConfig, 'lifetime' | 'requestBudgetMs' | 'load' | 'denyKeyReuse'>;
  readonly judgement: Judgement;
  readonly signing: Signing;
  readonly issuers: KnownIssuers;
  readonly decisions: DecisionLog;
  readonly onStarted: () => void;
  readonly loopLag: LoopLag;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

export interface CertificateAuthority {
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

/** CreateCertificate, from the first look at a call to its answer. */
export function openCertificateAuthority(
  options: CertificateAuthorityOptions,
): CertificateAuthority {
  const { config, judgement, signing, loopLag, clock, random } = options;
  const admission = new Admission({
    ...{ clock, random },
    limits: config.load.rateLimits ? {} : withoutRates,
    isOverloaded: () => loopLag.wasAbove(overload.lagMs, overload.forMs),
  });
  const service = new CertificateService({
    ...options,
    ...{ ...judgement, admission },
    issuer: new RegistrationAuthority({
      ...{ ...options, ...judgement },
      lifetime: config.lifetime,
      signer: signing.signer,
      keyHolders: new KeyHolders({ denyReuse: config.denyKeyReuse, log: options.log.scope('ra') }),
      verifier: new ChainVerifier(),
    }),
    log: options.log.scope('server'),
    budgetMs: config.requestBudgetMs,
  });
  return { service, admission };
}
