/** Which environment variables are harmless to set, and which decide what other programs run or load. */

const HARMLESS = new Set([
  ...[
    'LANG',
    'LANGUAGE',
    'TZ',
    'TERM',
    'COLORTERM',
    'NO_COLOR',
    'FORCE_COLOR',
    'CLICOLOR',
    'CLICOLOR_FORCE',
  ],
  ...[
    'COLUMNS',
    'LINES',
    'CI',
    'NODE_ENV',
    'RUST_BACKTRACE',
    'RUST_LOG',
    'RUST_TEST_THREADS',
    'CARGO_TERM_COLOR',
  ],
  ...[
    'PYTHONUNBUFFERED',
    'PYTHONDONTWRITEBYTECODE',
    'PYTHONIOENCODING',
    'PYTHONHASHSEED',
    'PYTHONUTF8',
  ],
  ...[
    'GOOS',
    'GOARCH',
    'GOMAXPROCS',
    'CGO_ENABLED',
    'GO111MODULE',
    'GOTRACEBACK',
    'GIT_TERMINAL_PROMPT',
  ],
  ...['GIT_OPTIONAL_LOCKS', 'GH_REPO', 'GH_PROMPT_DISABLED', 'SOURCE_DATE_EPOCH', 'GREP_COLORS'],
]);

const isLocale = (name: string): boolean => /^LC_[A-Z]+$/.test(name);

/** Set for a command, it changes nothing of what runs. */
export const isHarmless = (name: string): boolean => HARMLESS.has(name) || isLocale(name);

const DECIDING = new Set([
  ...[
    'PATH',
    'IFS',
    'ENV',
    'BASH_ENV',
    'SHELL',
    'SHELLOPTS',
    'BASHOPTS',
    'CDPATH',
    'PROMPT_COMMAND',
    'HOME',
    'TMPDIR',
  ],
  ...[
    'PS0',
    'PS1',
    'PS2',
    'PS4',
    'FIGNORE',
    'GLOBIGNORE',
    'EXECIGNORE',
    'POSIXLY_CORRECT',
    'BASH_LOADABLES_PATH',
  ],
  ...[
    'PAGER',
    'MANPAGER',
    'EDITOR',
    'VISUAL',
    'BROWSER',
    'LESS',
    'LESSOPEN',
    'LESSCLOSE',
    'LESSKEY',
    'LESSKEYIN',
  ],
  ...[
    'MAKEFLAGS',
    'GNUMAKEFLAGS',
    'MAKEFILES',
    'MFLAGS',
    'AWKPATH',
    'AWKLIBPATH',
    'TAR_OPTIONS',
    'GZIP',
  ],
  ...[
    'CC',
    'CXX',
    'LD',
    'AR',
    'GOFLAGS',
    'GOROOT',
    'GOENV',
    'RUSTC',
    'RUSTFLAGS',
    'CARGO_HOME',
    'RUSTC_WRAPPER',
  ],
  ...[
    'CLASSPATH',
    'JAVA_TOOL_OPTIONS',
    '_JAVA_OPTIONS',
    'JDK_JAVA_OPTIONS',
    'MAVEN_OPTS',
    'GRADLE_OPTS',
  ],
  ...[
    'RIPGREP_CONFIG_PATH',
    'SSH_ASKPASS',
    'RSYNC_RSH',
    'CVS_RSH',
    'SUDO_ASKPASS',
    'ZDOTDIR',
    'INPUTRC',
    'MALLOC_TRACE',
  ],
  ...[
    'GCONV_PATH',
    'NLSPATH',
    'LOCPATH',
    'HOSTALIASES',
    'TERMINFO',
    'TERMCAP',
    'XDG_CONFIG_HOME',
    'JQ_LIBRARY_PATH',
  ],
]);
const DECIDING_FAMILY =
  /^(?:LD_|DYLD_|BASH_FUNC_|GIT_|NODE_|NPM_|npm_|PYTHON|PERL|RUBY|GEM_|BUNDLE_|LUA_|PHP|CARGO_|DOCKER_)/;

/** It decides what runs: not even an assignment without a command may set it unasked. */
export const isDeciding = (name: string): boolean =>
  !isHarmless(name) && (DECIDING.has(name) || DECIDING_FAMILY.test(name));
