export const tools = [{ name: 'a b', description: 'x', input: { type: 'object' }, run: () => '' }];
