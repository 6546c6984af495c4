import { Command } from 'commander';
import { messageOf } from '../base/error-message.ts';
import { filesOfTrail } from '../audit/rotated-files.ts';
import { linesOf } from '../audit/trail-lines.ts';
import { verifyAudit } from '../audit/verify-audit.ts';
import type { AuditReport } from '../audit/verify-audit.ts';
import { auditSettings } from '../config/audit-settings.ts';
import type { CommandRun } from './command-run.ts';
import { exitCodes } from './exit-codes.ts';
import { jsonDocument, outputOption, quietOption } from './output-options.ts';
import type { OutputForm } from './output-options.ts';
import { readSettingOfServe } from './setting-of-serve.ts';
import { withProgress } from './with-progress.ts';
import { UsageError } from './workspace.ts';

const after = `
Examples:
  in the pod, the trail of that pod where the chart has it in a file
    kubectl exec -n istio-system deploy/istio-ra -- istio-ra audit verify
  lines that went to stdout, kept by whoever collects the log
    istio-ra audit verify collected.log

Exit status: 0 intact and complete, 1 otherwise.

What it cannot see: a trail that was written anew from its first line, and the removal of its last
lines where the writer did not end in order. Keep the last hash elsewhere to see those.
`;

interface Flags {
  readonly output: OutputForm;
  readonly quiet?: true;
}

/** `istio-ra audit verify`: is a trail as it was written? */
export function auditCommand(run: CommandRun): Command {
  const verify = new Command('verify')
    .description('check the hash chain of an audit trail and that each request has its decision')
    .argument(
      '[file]',
      'the audit file; rotated files beside it are read first (default: the file that AUDIT_LOG names)',
    )
    .addOption(outputOption())
    .addOption(quietOption('show only what is wrong'))
    .addHelpText('after', after)
    .action(async (typed: string | undefined, flags: Flags) => {
      const { err, env } = run.environment;
      const file = typed ?? (await readSettingOfServe(auditSettings.auditLog, env));
      if (typed === undefined && file === auditSettings.auditLog.fallback) verify.error(noFile);
      const progress = { sink: err, isQuiet: flags.quiet === true, what: `reading ${file}` };
      const report = await withProgress(progress, () => readTrail(file));
      run.environment.out.write(shown(report, flags));
      if (report.lines === 0) err.write(`istio-ra: no audit line is in ${file}: ${whichFile}\n`);
      if (!isGood(report)) run.exitWith(exitCodes.failed);
    });
  return new Command('audit').description('work with audit trails').addCommand(verify);
}

const noFile =
  'error: name the audit file: AUDIT_LOG names none here, so that audit lines go to stdout';

const whichFile = 'name the file that AUDIT_LOG has of the istio-ra that wrote it';

async function readTrail(file: string): Promise<AuditReport> {
  try {
    const files = await filesOfTrail(file);
    // No trail is not an intact one.
    if (files.length === 0) throw new Error('there is no such file, rotated or not');
    return await verifyAudit(linesOf(files));
  } catch (cause) {
    const problem = messageOf(cause);
    throw new UsageError(`cannot read ${file}: ${problem}: ${whichFile}`, { cause });
  }
}

function isGood({ intact, complete }: AuditReport): boolean {
  return intact && complete;
}

function shown(report: AuditReport, { output, quiet }: Flags): string {
  if (output === 'json') return jsonDocument(report);
  if (quiet !== true) return `${describeChains(report)}${describeProblems(report)}`;
  return isGood(report) ? '' : describeProblems(report);
}

function describeChains({ chains }: AuditReport): string {
  const lines = chains.map(({ chain, lines, firstSeq, lastSeq, closed, lastHash }) => {
    const beginning = firstSeq > 1 ? ', earlier lines are not in the input' : '';
    const end = closed ? 'ended in order' : 'not ended in order';
    return `chain ${chain}: ${lines} lines, ${firstSeq} to ${lastSeq}${beginning}, ${end}, last hash ${lastHash}\n`;
  });
  return lines.join('');
}

/** A line for each problem, and the verdict last. */
function describeProblems(report: AuditReport): string {
  const problems = report.problems.map(({ line, kind, ...facts }) => {
    const told = Object.entries(facts).map(([name, value]) => `${name} ${String(value)}`);
    return `line ${line}: ${kind.replaceAll('_', ' ')}${told.length > 0 ? ` (${told.join(', ')})` : ''}\n`;
  });
  const verdict = report.intact ? 'intact' : 'NOT INTACT';
  const complete = report.complete ? 'complete' : 'NOT COMPLETE';
  return `${problems.join('')}${report.lines} lines: ${verdict}, ${complete}\n`;
}
