// The name of an image: what a user writes, and what a container runtime makes of it.

export interface ImageReference {
  /** As it was written, `istio-ra:0.1.0`. */
  readonly written: string;
  /** With the registry that a runtime adds where none is named. */
  readonly full: string;
  readonly tag: string;
}

/** Throws for a name without a tag or with a digest, since an image is written under a tag. */
export function parseImageReference(written: string): ImageReference {
  const found =
    /^((?:[\w.-]+(?::\d+)?\/)?(?:[a-z0-9._-]+\/)*[a-z0-9._-]+):([\w][\w.-]{0,127})$/.exec(written);
  const [, name, tag] = found ?? [];
  if (name === undefined || tag === undefined) {
    throw new Error(
      `an image's name is written as [registry/]repository:tag, with a repository in lower case, such as istio-ra:0.1.0; found ${JSON.stringify(written)}`,
    );
  }
  const [first = '', ...rest] = name.split('/');
  const namesRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const repository = rest.length === 0 ? `library/${name}` : name;
  return { written, tag, full: `${namesRegistry ? name : `docker.io/${repository}`}:${tag}` };
}
