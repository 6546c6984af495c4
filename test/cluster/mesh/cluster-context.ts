import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kubectl } from '../../e2e/stack/kubectl.ts';
import { mustRun } from '../../e2e/stack/run-command.ts';
import { RunnableDocument } from '../../e2e/stack/runnable-document.ts';
import type { NodeTools } from '../tools/node-tools.ts';
import { writeOverlay, type Overlay } from './overlay.ts';

const repository = join(import.meta.dirname, '..', '..', '..');

export interface ClusterContextOptions {
  readonly kubeconfig: string;
  readonly tools: NodeTools;
  /** What differs from the documents. */
  readonly overlay: Overlay;
  /** Folder in which the reader of the documents stands; made anew by each chapter. */
  readonly folder: string;
}

/** A cluster as somebody sees it who follows the documents: commands on the path, and a folder to stand in. */
export class ClusterContext {
  readonly kubectl: Kubectl;
  readonly kubeconfig: string;
  readonly folder: string;
  readonly tools: NodeTools;
  readonly overlay: Overlay;
  private readonly env: Readonly<Record<string, string>>;
  private readonly documents = new Map<string, RunnableDocument>();

  constructor({ kubeconfig, tools, overlay, folder }: ClusterContextOptions) {
    this.kubeconfig = kubeconfig;
    this.folder = folder;
    this.tools = tools;
    this.kubectl = new Kubectl(tools.kubectl, kubeconfig);
    this.overlay = overlay;
    this.env = this.prepareFolder();
  }

  /** A document of ours, whose commands reach this cluster. */
  document(name: string): RunnableDocument {
    const known = this.documents.get(name);
    if (known !== undefined) return known;
    const document = new RunnableDocument({ name, folder: this.folder, env: this.env });
    this.documents.set(name, document);
    return document;
  }

  /** Runs a line as a reader would type it; returns what it prints. */
  async type(line: string): Promise<string> {
    return this.typeIn(line, this.env);
  }

  private async typeIn(line: string, env: Readonly<Record<string, string>>): Promise<string> {
    const bash = ['--norc', '-euo', 'pipefail', '-c', line];
    return mustRun('bash', bash, { cwd: this.folder, env });
  }

  /** Types lines on a machine whose `helm` is another program. */
  withHelm(program: string): (line: string) => Promise<string> {
    const bin = join(this.folder, 'bin-of-another-helm');
    mkdirSync(bin, { recursive: true });
    this.writeStandIn(bin, 'helm', program);
    const env = { ...this.env, PATH: `${bin}:${this.env['PATH'] ?? ''}` };
    return (line) => this.typeIn(line, env);
  }

  /** A script in the reader's folder that becomes a program with some words before its own; returns its path. */
  command(name: string, words: readonly string[]): string {
    const file = join(this.folder, name);
    writeScript(file, `exec ${words.join(' ')} "$@"`);
    return file;
  }

  private get overlayFile(): string {
    return join(this.folder, 'overlay.json');
  }

  /** A command that applies the overlay and becomes the program. */
  private writeStandIn(bin: string, name: string, program: string): void {
    const stand = join(import.meta.dirname, 'with-overlay.ts');
    const words = [process.execPath, '--no-warnings', stand, this.overlayFile, program];
    writeScript(join(bin, name), `exec ${words.join(' ')} "$@"`);
  }

  /** Puts commands, charts and proto where the documents expect them; returns the environment. */
  private prepareFolder(): Readonly<Record<string, string>> {
    const { kubectl, helm, istioctl } = this.tools;
    const bin = join(this.folder, 'bin');
    mkdirSync(bin, { recursive: true });
    writeOverlay(this.overlayFile, this.overlay);
    for (const [name, program] of Object.entries({ helm, istioctl })) {
      this.writeStandIn(bin, name, program);
    }
    writeScript(join(bin, 'kubectl'), `exec ${kubectl} "$@"`);
    symlinkSync(join(this.tools.istioSource, 'samples'), join(this.folder, 'samples'));
    for (const name of ['charts', 'proto']) {
      cpSync(join(repository, name), join(this.folder, name), { recursive: true });
    }
    const path = [
      bin,
      '/usr/local/sbin',
      '/usr/local/bin',
      '/usr/sbin',
      '/usr/bin',
      '/sbin',
      '/bin',
    ];
    return { PATH: path.join(':'), KUBECONFIG: this.kubeconfig, HOME: this.folder };
  }
}

function writeScript(file: string, line: string): void {
  writeFileSync(file, `#!/bin/sh\n${line}\n`);
  chmodSync(file, 0o755);
}
