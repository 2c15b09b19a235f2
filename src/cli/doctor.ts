import { Command, Option } from 'commander';
import { examineToolchain, type ToolchainReport } from './doctor/toolchains.ts';
import { LANGUAGE_NAMES, LANGUAGES, type Language } from './languages.ts';
import { paint, print, printJson } from './output.ts';

interface DoctorOptions {
  readonly language?: Language;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  $ wasm-plugin-pool doctor
  $ wasm-plugin-pool doctor --language rust

With --language the exit status tells: 0 everything is there, 1 something is missing.`;

/** `doctor`: which toolchains are there, and what installs the others. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Tell which toolchains are there, and the command that installs what is missing.')
    .addOption(new Option('--language <language>', 'look at this language only').choices(LANGUAGES))
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async ({ language, json }: DoctorOptions) => {
      const languages = language === undefined ? LANGUAGES : [language];
      const reports = await Promise.all(languages.map((one) => examineToolchain(one)));
      await (json ? printJson(reports) : print(reports.map(describeReport).join('')));
      process.exitCode = language !== undefined && !reports[0]!.ready ? 1 : 0;
    });
}

function describeReport({ language, ready, tools }: ToolchainReport): string {
  const mark = ready ? paint('green', '✓') : paint('red', '✗');
  const lines = [`${mark} ${LANGUAGE_NAMES[language]}`];
  for (const { name, found, problem, install } of tools) {
    if (problem === undefined) lines.push(`    ${name}: ${found}`);
    else lines.push(`    ${name}: ${problem}`, `      ${paint('dim', '→')} ${install}`);
  }
  return `${lines.join('\n')}\n`;
}
