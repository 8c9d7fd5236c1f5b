/** The built-in tools that run on threads, by where they run: those of files, and those that wait for the network. */
import type { BuiltinTool } from '../tool/tool.ts';
import { AskUserQuestion } from './ask-user-question.ts';
import { Edit } from './edit.ts';
import { Glob } from './glob.ts';
import { Grep } from './grep.ts';
import { Read } from './read.ts';
import { Memory, TextEditor } from './text-editor.ts';
import { TodoWrite } from './todo-write.ts';
import { WebFetch } from './web-fetch.ts';
import { Write } from './write.ts';

export const FILE_TOOLS: readonly BuiltinTool[] = [
  ...[AskUserQuestion, Edit, Glob, Grep, Memory, Read, TextEditor, TodoWrite, Write],
];
export const WEB_TOOLS: readonly BuiltinTool[] = [WebFetch];
