// The library that reads and writes X.509 looks for this polyfill while it loads.
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import { Crypto } from '@peculiar/webcrypto';
import * as x509 from '@peculiar/x509';

/**
 * The one place that loads the @peculiar libraries, and the one import with an effect: it makes
 * @peculiar/webcrypto the library's provider. Take `x509` from here, never from the package, so that
 * neither the polyfill nor the provider can be forgotten.
 */
const crypto = new Crypto() as webcrypto.Crypto;
x509.cryptoProvider.set(crypto);

export { crypto, x509 };
