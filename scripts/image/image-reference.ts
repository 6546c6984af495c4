// The name of an image: what a user writes, and what a container runtime makes of it.

export interface ImageReference {
  /** As it was written, `istio-ra:0.1.0`. */
  readonly written: string;
  /** With the registry that a runtime adds where none is named. */
  readonly full: string;
  readonly tag: string;
}

// The grammar of the distribution project, which docker and containerd share.
const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const registry = new RegExp(`^(?:localhost|(?=[^/]*[.:])${label}(?:\\.${label})*)(?::\\d+)?$`);
const repository = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const tagged = /^(.+):(\w[\w.-]{0,127})$/;

/** Throws for a name without a tag or with a digest, since an image is written under a tag. */
export function parseImageReference(written: string): ImageReference {
  const found = tagged.exec(written);
  if (!found) throw notAReference(written);
  const [, name = '', tag = ''] = found;
  const words = name.split('/');
  const namesRegistry = words.length > 1 && registry.test(words[0] ?? '');
  const path = namesRegistry ? words.slice(1) : words;
  if (!path.every((word) => repository.test(word))) throw notAReference(written);
  const inLibrary = path.length === 1 ? `library/${name}` : name;
  return { written, tag, full: `${namesRegistry ? name : `docker.io/${inLibrary}`}:${tag}` };
}

function notAReference(written: string): Error {
  return new Error(
    `an image's name is written as [registry/]repository:tag, with a repository in lower case, such as istio-ra:0.1.0; found ${JSON.stringify(written)}`,
  );
}
