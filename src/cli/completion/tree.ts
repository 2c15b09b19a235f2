import type { Command } from 'commander';

/** An option, as a shell has to know it. */
export interface CompletedOption {
  /** `--json`, and `-V` where there is one. */
  readonly flags: readonly string[];
  readonly description: string;
  /** What it takes: nothing, one of a few words, or something else, for which files are offered. */
  readonly value: 'none' | 'any' | readonly string[];
}

/** A command, as a shell has to know it. */
export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletedOption[];
  /** What its argument can be, where those are a few words; else files are offered. */
  readonly words: readonly string[];
  readonly commands: readonly CompletedCommand[];
}

/** What a shell has to know of a command line: only what its help says, too. */
export function completedCommand(command: Command): CompletedCommand {
  const help = command.createHelp();
  return {
    name: command.name(),
    description: oneLine(command.description()),
    options: help.visibleOptions(command).map(({ short, long, description, argChoices, required, optional }) => ({
      flags: [long, short].filter((flag) => flag !== undefined),
      description: oneLine(description),
      value: argChoices ?? (required || optional ? 'any' : 'none'),
    })),
    words: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    commands: command.commands.map(completedCommand),
  };
}

/** Every command under a path of names: `[]`, `['cache']`, `['cache', 'list']`. */
export function everyCommand(
  command: CompletedCommand,
  path: readonly string[] = [],
): readonly (readonly [path: readonly string[], command: CompletedCommand])[] {
  return [
    [path, command],
    ...command.commands.flatMap((subcommand) => everyCommand(subcommand, [...path, subcommand.name])),
  ];
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
