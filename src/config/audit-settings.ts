import type { Setting, SettingReader } from './setting.ts';
import { boolean, positiveInteger, text } from './setting-parsers.ts';

/** Where the audit lines go. */
export interface AuditConfig {
  /** `stdout`, or the path of a file. */
  readonly target: string;
  readonly maxBytes: number;
  readonly maxFiles: number;
  readonly fsync: boolean;
}

export const auditSettings = {
  auditLog: {
    env: 'AUDIT_LOG',
    help: 'where audit lines go: stdout, or the path of a file of this replica alone',
    placeholder: '<where>',
    fallback: 'stdout',
    parse: text,
  },
  auditMaxMegabytes: {
    env: 'AUDIT_LOG_MAX_MEGABYTES',
    help: 'an audit file is rotated before it grows beyond this',
    placeholder: '<number>',
    fallback: '100',
    parse: positiveInteger,
  },
  auditMaxFiles: {
    env: 'AUDIT_LOG_MAX_FILES',
    help: 'how many rotated audit files are kept',
    placeholder: '<number>',
    fallback: '10',
    parse: positiveInteger,
  },
  auditFsync: {
    env: 'AUDIT_LOG_FSYNC',
    help: 'approve only when the disk has the intent: true or false',
    placeholder: '<bool>',
    fallback: 'false',
    parse: boolean,
  },
} satisfies Record<string, Setting<unknown>>;

export function readAudit(reader: SettingReader): AuditConfig {
  return {
    target: reader.need(auditSettings.auditLog),
    maxBytes: reader.need(auditSettings.auditMaxMegabytes) * 1_048_576,
    maxFiles: reader.need(auditSettings.auditMaxFiles),
    fsync: reader.need(auditSettings.auditFsync),
  };
}
