/** What is known between two commands of a line: where the shell is, and what its variables hold. */
import { isAbsolute, join, normalize } from 'node:path/posix';

export interface State {
  /** Any of these; absent when it is not known. */
  readonly folders: readonly string[] | undefined;
  readonly variables: ReadonlyMap<string, string>;
}

/** After a command: as it is when it succeeded and when it failed; absent where the shell does not go on. */
export interface Outcome {
  readonly ok: State | undefined;
  readonly failed: State | undefined;
}

const MAX_FOLDERS = 8;

export const either = (one: State | undefined, other: State | undefined): State | undefined => {
  if (one === undefined || one === other) return other;
  if (other === undefined) return one;
  return {
    folders: joined(one.folders, other.folders),
    variables: new Map([...one.variables].filter(([name, at]) => other.variables.get(name) === at)),
  };
};

const joined = (one: State['folders'], other: State['folders']): readonly string[] | undefined => {
  if (one === undefined || other === undefined) return undefined;
  const all = [...new Set([...one, ...other])];
  return all.length > MAX_FOLDERS ? undefined : all;
};

export const both = (state: State | undefined): Outcome => ({ ok: state, failed: state });

export const inFolder = (state: State, path: string | undefined): State => ({
  variables: state.variables,
  folders: path === undefined ? undefined : foldersAt(state.folders, path),
});

/** A path seen from each of the folders. */
export const foldersAt = (
  folders: readonly string[] | undefined,
  path: string,
): readonly string[] | undefined => {
  if (isAbsolute(path)) return [normalize(path)];
  return folders?.map((folder) => join(folder, path));
};

export const withVariable = (state: State, name: string, value: string | undefined): State => {
  const variables = new Map(state.variables);
  if (value === undefined) variables.delete(name);
  else variables.set(name, value);
  return { folders: state.folders, variables };
};

/** What is still known in a loop's later rounds, when its text may have changed variables. */
export const inLoop = (state: State, text: string): State => ({
  // A loop that goes to another folder may begin its next round there.
  folders: /(?<![\w-])(?:cd|pushd|popd)(?![\w-])/.test(text) ? undefined : state.folders,
  variables: new Map(
    [...state.variables].filter(([name]) => !new RegExp(`(?<![$\\w{])${name}(?!\\w)`).test(text)),
  ),
});
