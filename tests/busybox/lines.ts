/**
 * The command lines on which Daybook is compared with `qemu-riscv64`.
 *
 * Every line runs Debian's static busybox. What a line prints depends on nothing but the line: it
 * makes its own files under one fresh directory and removes it, sorts whatever a host would order,
 * and prints no pid, time, user, terminal or host file.
 */

/** What one command line left behind. `status` is 128 + signal for a death by signal. */
export interface Outcome {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly status: number;
}

/** One command line for busybox. */
export interface Line {
  /** Unique, short, fit for a file name. */
  readonly name: string;
  /** Arguments after the program: an applet and its own arguments. */
  readonly argv: readonly string[];
  /** Bytes on standard input; absent means an empty input. */
  readonly stdin?: string;
  /**
   * What must come out, for the lines qemu-user cannot run: busybox re-executes itself through
   * `/proc/self/exe`, which qemu-user hands to the host kernel.
   */
  readonly expect?: { readonly stdout: string; readonly stderr: string; readonly status: number };
}

/** The directory in which a line makes its files: fixed, because some messages print it. */
export const SCRATCH = "/tmp/daybook-line";

const direct = (name: string, ...argv: string[]): Line => ({ name, argv });

const script = (name: string, text: string): Line => ({ name, argv: ["sh", "-c", text] });

/** A script inside an empty scratch directory that is removed before the line ends. */
const inScratch = (name: string, text: string): Line =>
  script(
    name,
    `umask 022; mkdir ${SCRATCH} && cd ${SCRATCH} || exit 99\n(\n${text}\n)\n` +
      `status=$?; cd /; rm -r ${SCRATCH}; exit $status`,
  );

const fed = (line: Line, stdin: string): Line => ({ ...line, stdin });

const expected = (line: Line, stdout: string, stderr = "", status = 0): Line => ({
  ...line,
  expect: { stdout, stderr, status },
});

/** 1 MB of text that needs no host file. */
const MEGABYTE = "yes 0123456789abcdefghijklmnopqrstuvwxyz | head -c 1000000";

const applets: readonly Line[] = [
  direct("echo", "echo", "hello,", "world"),
  direct("true", "true"),
  direct("false", "false"),
  direct("printf", "printf", "%s|%5d|%-6s|%x|%o|%c\\n", "text", "42", "left", "255", "8", "z"),
  direct("seq", "seq", "-w", "1", "3", "20"),
  direct("expr", "expr", "(", "6", "+", "4", ")", "*", "7", "%", "9"),
  direct("expr-match", "expr", "file-1.37.0", ":", ".*-\\([0-9.]*\\)"),
  direct("test-true", "test", "10", "-gt", "9"),
  direct("test-false", "[", "abc", "=", "abd", "]"),
  direct("basename", "basename", "/usr/lib/thing.so", ".so"),
  direct("dirname", "dirname", "/usr/lib/thing.so"),
  direct("date-epoch", "date", "-u", "-d", "@0"),
  direct("date-format", "date", "-u", "-d", "@1234567890", "+%Y-%m-%dT%H:%M:%S %j %a"),
  direct("cal", "cal", "2", "2024"),
  direct("factor", "factor", "600851475143", "97", "1024"),
  direct("ipcalc", "ipcalc", "-b", "-n", "-m", "192.168.7.9/20"),
  direct("unknown-applet", "no-such-applet"),
  direct("missing-file", "cat", "/no/such/file"),
  direct("bad-option", "head", "-n", "many", "/dev/null"),
  fed(direct("stdin-cat", "cat"), "first\nsecond\nno newline at the end"),
  fed(direct("stdin-wc", "wc"), "one two\nthree four five\n".repeat(700)),
  fed(direct("stdin-sort", "sort", "-t", ":", "-k2n"), "b:10\na:9\nd:100\nc:1\n"),
  fed(
    direct("stdin-awk", "awk", "-F,", '{ s[$1] += $2 } END { print s["x"], s["y"] }'),
    "x,1\ny,2\nx,30\ny,0.5\n",
  ),
  fed(direct("stdin-dc", "dc"), "2 100 ^ p 7 3 / p 20 k 2 v p\n"),
  fed(direct("stdin-sh", "sh"), "x=4\nwhile [ $x -gt 0 ]; do echo $x; x=$((x-1)); done\nexit 7\n"),
  direct(
    "awk-float",
    "awk",
    'BEGIN { for (i = 1; i < 9; i++) { x = x / 3 + i / 7; printf "%.17g %e %d\\n", x, x * 1e300, x * 1e6 } }',
  ),
  direct(
    "awk-numbers",
    "awk",
    'BEGIN { print int(-3.7), 7 % 3, 1e6, 1e-5, 0.1 + 0.2, 1 / 3, "0x1f" + 0, 1e308 * 10 }',
  ),
];

const pipelines: readonly Line[] = [
  script("sort-numbers", "seq 300 | sort -r | head -n 5; seq 5 | sort -n -r"),
  script(
    "sort-unique",
    "printf 'b\\na\\nb\\nC\\nc\\n' | sort -fu; printf '3 x\\n1 y\\n' | sort -k2",
  ),
  script("uniq", "printf 'a\\na\\nb\\na\\n' | uniq -c; printf 'a\\na\\nb\\n' | uniq -d"),
  script("cut", "printf 'a:b:c\\nd:e:f\\n' | cut -d: -f1,3; echo abcdef | cut -c2-4"),
  script("tr", "echo 'Hello  World' | tr a-z A-Z | tr -s ' ' | tr -d O; echo abc | tr -c 'b\\n' x"),
  script("wc", "seq 1000 | wc -l; seq 1000 | wc -c; echo a b c | wc -w"),
  script(
    "head-tail",
    "seq 50 | head -n 3; seq 50 | tail -n 3; seq 50 | tail -n +49; seq 9 | head -c 5",
  ),
  script(
    "grep",
    "seq 100 | grep -E '^(1|2)?5$'; seq 100 | grep -c 7; seq 3 | grep -v 2; seq 3 | grep 9",
  ),
  script(
    "sed",
    "seq 9 | sed -n '3,5p'; echo a-b-c | sed 's/-/+/g;s/\\(a\\)/<\\1>/'; seq 4 | sed '2d;$s/4/end/'",
  ),
  script(
    "sed-hold",
    "printf '1\\n2\\n3\\n' | sed -n '1!G;h;$p'; printf 'a\\nb\\n' | sed 'N;s/\\n/,/'",
  ),
  script(
    "awk-words",
    "printf 'the cat the dog\\na cat\\n' | " +
      "awk '{ for (i = 1; i <= NF; i++) n[$i]++ } END { for (w in n) print n[w], w }' | sort",
  ),
  script(
    "awk-strings",
    "echo 'k=v;x=y' | awk '{ n = split($0, p, /[=;]/); print n, toupper(p[4]), length($0), substr($0, 3, 3), index($0, \"x\") }'",
  ),
  script("xargs", "seq 10 | xargs -n 3 echo got; printf 'a b\\n' | xargs -I% echo '<%>'"),
  script("rev-tac", "seq 4 | tac; echo stressed | rev"),
  script("paste-fold", "seq 6 | paste -s -d, -; echo abcdefghij | fold -w 4; seq 4 | nl"),
  script(
    "od",
    "printf 'ABC\\001\\377' | od -c; printf '\\1\\2\\3\\4' | od -t x4; echo hexdump | hexdump -C",
  ),
  script("xxd", "printf 'some bytes here' | xxd; printf 'some bytes' | xxd -p | xxd -r -p"),
  script("base64", "printf 'any carnal pleas' | base64; echo aGVsbG8K | base64 -d"),
  script("uuencode", "echo hello | uuencode -m name; echo hello | uuencode name | uudecode -o -"),
  script(
    "digests",
    "printf abc | md5sum; printf abc | sha1sum; printf abc | sha512sum; printf abc | sha3sum; printf abc | crc32",
  ),
  script("sha256-1mb", `${MEGABYTE} | sha256sum`),
  script("gzip", `${MEGABYTE} | gzip -c | gunzip -c | md5sum`),
  script("gzip-size", "seq 20000 | gzip -9 | wc -c; seq 20000 | gzip | zcat | tail -n 1"),
  script("bzip2", "seq 3000 | bzip2 | bzcat | sha1sum"),
  script("bunzip-garbage", "echo garbage | bunzip2; echo status $?"),
  script("gunzip-garbage", "echo garbage | gunzip; echo status $?"),
  script(
    "dd",
    "seq 1000 | dd bs=100 skip=2 count=1 2>/dev/null; dd if=/dev/zero bs=4096 count=64 2>/dev/null | wc -c",
  ),
  script(
    "zero-null",
    "head -c 100000 /dev/zero | tr '\\0' x | md5sum; cat /dev/null | wc -c; echo gone >/dev/null",
  ),
  script(
    "bc",
    "echo '2^64; 10/4; scale=5; 10/4; sqrt(2)' | bc; echo 'define f(n) { if (n < 2) return 1; return n * f(n-1); }\nf(20)' | bc",
  ),
  script("strings", "printf 'ab\\0longer text\\0\\1\\2more words\\n' | strings"),
  script("expand", "printf 'a\\tb\\n' | expand -t 4; printf 'a       b\\n' | unexpand -a | od -c"),
  script("dos2unix", "printf 'a\\nb\\n' | unix2dos | od -c; printf 'a\\r\\n' | dos2unix | od -c"),
  script(
    "split-reader",
    "printf 'one two three\\nx y\\n' | while read a b; do echo \"[$a] [$b]\"; done",
  ),
  script("early-exit", "yes | head -n 2; yes no | sed 3q; seq 100000 | head -n 1"),
  script(
    "long-pipeline",
    "seq 500 | cat | cat | cat | cat | cat | cat | cat | awk '{ s += $1 } END { print s }'",
  ),
  script("wide-pipe", "seq 60000 | tr 0-9 a-j | sort | md5sum"),
];

const files: readonly Line[] = [
  inScratch(
    "file-basics",
    "echo one > a; echo two >> a; cat a; cp a b; mv b c; ls; rm a; ls; cat a; echo $?",
  ),
  inScratch(
    "directories",
    "mkdir -p x/y/z; rmdir x/y/z; ls x/y; rmdir x; echo $?; mkdir x; echo $?; ls",
  ),
  inScratch(
    "find",
    "mkdir -p d/e; : > d/1; echo data > d/e/2; : > d/e/3; find . | sort; find . -type f -size +0c; find d -name '[13]' | sort",
  ),
  inScratch(
    "tar",
    "mkdir -p t/u; seq 3000 > t/n; echo x > t/u/x; tar cf a.tar t; tar tf a.tar | sort; mkdir o; tar xf a.tar -C o; md5sum < o/t/n; cat o/t/u/x",
  ),
  inScratch(
    "tar-gzip",
    "mkdir t; seq 900 > t/n; tar cf - t | gzip > a.tgz; tar xzf a.tgz -O t/n | tail -n 1; zcat a.tgz | tar tf - | sort",
  ),
  inScratch(
    "cpio",
    "mkdir c; echo in > c/f; find c | sort | cpio -o -H newc 2>/dev/null > a; mkdir o; cd o; cpio -i 2>/dev/null < ../a; cat c/f",
  ),
  inScratch(
    "links",
    "echo body > f; ln -s f s; ln f h; cat s h; readlink s; stat -c %h f; rm f; cat s; cat h; test -L s && echo dangling",
  ),
  inScratch(
    "symlink-loop",
    "ln -s b a; ln -s a b; cat a; ln -s /no/where c; ls c/x; readlink -f . | sed 's,.*/,,'",
  ),
  inScratch(
    "modes",
    ": > f; chmod 640 f; stat -c '%a %F %s' f; chmod u+x,g-r f; stat -c %a f; mkdir d; chmod 1777 d; stat -c '%a %F' d; ls -l f | cut -c1-10",
  ),
  inScratch(
    "touch-times",
    "touch -d @86400 f; stat -c %Y f; touch -d @90000 g; [ g -nt f ] && echo newer; ls -t; date -u -r f +%F",
  ),
  inScratch(
    "truncate",
    "seq 100 > f; truncate -s 10 f; wc -c < f; truncate -s 5000 f; wc -c < f; tail -c 3 f | od -c",
  ),
  inScratch(
    "dd-seek",
    "printf AAAA > f; printf B | dd of=f bs=1 seek=2 conv=notrunc 2>/dev/null; cat f; echo; printf Z | dd of=g bs=1 seek=8192 2>/dev/null; wc -c < g; md5sum < g",
  ),
  inScratch("tee", "seq 3 | tee a b; cat a b | wc -l; echo more | tee -a a; cat a"),
  inScratch(
    "diff",
    "seq 5 > a; seq 3 7 > b; diff a b; echo $?; cmp a b; cmp a a; echo $?; diff -u a a; echo $?",
  ),
  inScratch(
    "patch",
    "seq 5 > f; sed s/3/three/ f > g; diff -u f g | sed 's/^\\([-+][-+][-+] [a-z]\\).*/\\1/' > p; patch f < p; cat f",
  ),
  inScratch(
    "sed-in-place",
    "printf 'a\\nb\\n' > f; sed -i s/a/A/ f; cat f; sed s/x/y/ nofile; echo $?",
  ),
  inScratch(
    "sort-files",
    "seq 3 > a; seq 2 4 > b; sort -m a b; sort -o a a b; cat a; sort nofile; echo $?",
  ),
  inScratch(
    "append-race",
    "for i in 1 2 3 4; do ( for j in 1 2 3; do echo $i$j >> log; done ) & done; wait; sort log | tr '\\n' ' '; wc -l < log",
  ),
  inScratch(
    "descriptors",
    // No `cat out` before it is overwritten: the host may show what comes later through its pipe.
    'exec 5> out; echo five >&5; exec 5>&-; read y < out; echo "$y"; exec 6< out; read x <&6; echo "$x"; exec 7<> out; echo 7seven >&7; cat out',
  ),
  inScratch(
    "redirection",
    "ls nofile > o 2>&1; cat o; { echo out; echo err >&2; } 2> e > o; cat o e; : > o; test -s o || echo empty; cat < missing; echo $?; set -C; echo x > o; echo $?",
  ),
  inScratch("unlinked-open", "echo kept > f; exec 3< f; rm f; cat <&3; ls -A | wc -l"),
  inScratch(
    "rename",
    "echo 1 > a; echo 2 > b; mv a b; cat b; mkdir d; mv b d; ls d; mv d e; ls; mv nofile x; echo $?; mkdir f; : > f/z; mv -T e f; echo $?",
  ),
  inScratch(
    "fifo",
    "mkfifo p; ( echo through; echo it ) > p & cat p; wait; test -p p && echo fifo",
  ),
  inScratch(
    "glob",
    "touch b2 a1 a3 .hid 'sp ace'; echo *; echo a?; echo [!a]*; echo .h*; echo none*; for f in *; do echo \"<$f>\"; done",
  ),
  inScratch(
    "many-files",
    "for i in $(seq 120); do echo $i > f$i; done; ls | wc -l; cat f* | sort -n | md5sum; rm f1*; ls | wc -l; du -a . | wc -l",
  ),
  inScratch(
    "big-file",
    `${MEGABYTE} > f; wc -c < f; cp f g; cmp f g && echo same; tail -c 20 g | od -c | head -n 2; cat f g | sha256sum`,
  ),
  inScratch(
    "mktemp",
    "t=$(mktemp ./t.XXXXXX); test -f $t && echo made; rm $t; d=$(mktemp -d ./d.XXXXXX); test -d $d && rmdir $d && echo gone",
  ),
  inScratch(
    "run-script",
    "printf 'echo in $0 $1 $#\\nexit 5\\n' > s; sh s one two; echo $?; . ./s arg; echo never",
  ),
  inScratch(
    "not-executable",
    "echo x > f; ./f; echo $?; chmod +x f; mkdir d; ./d; echo $?; ./nofile; echo $?",
  ),
  inScratch(
    "rm-errors",
    "mkdir d; : > d/f; rm d; echo $?; rmdir d; echo $?; rm nofile; echo $?; rm -f nofile; echo $?; rm -r d; ls",
  ),
  inScratch(
    "dots",
    "mkdir -p a/b; cd a/b; pwd | sed 's,.*/a,a,'; cd ..; pwd | sed 's,.*/a,a,'; cd -; cd ../..; ls ./a/../a/./b/..; cd nowhere; echo $?; realpath a/../a/b | sed 's,.*/a,a,'",
  ),
];

const shell: readonly Line[] = [
  script(
    "loop",
    "i=0; while [ $i -lt 5 ]; do i=$((i+1)); [ $i = 3 ] && continue; echo $i; done; until false; do break; done; for x in a 'b c' d; do echo \"$x\"; done",
  ),
  script(
    "function",
    "f() { local n=$1; [ $n -le 1 ] && { echo 1; return; }; echo $((n * $(f $((n-1))))); }; f 7; g() { return 9; }; g; echo $?",
  ),
  script(
    "substitution",
    'x=$(echo a; echo b); echo "$x"; echo $x; echo `echo back`; echo "$(printf \'1\\n\\n\\n\')"; y=$(exit 3); echo $?',
  ),
  script(
    "here-document",
    "v=value; cat <<END\n$v $((2+3)) $(echo cmd)\nEND\ncat <<'END'\n$v\nEND\ncat <<-END\n\ttabs\n\tEND\nwc -c <<END\n" +
      "0123456789".repeat(30) + "\nEND",
  ),
  script(
    "here-document-large",
    "cat <<END | md5sum\n" + "a line of a document larger than one pipe\n".repeat(400) + "END",
  ),
  script(
    "arithmetic",
    "echo $((7/2)) $((-7%3)) $((1<<40)) $((0x1f & 6 | 1)) $((3>2?10:20)) $((2**10)) $((9223372036854775807+1)); a=5; echo $((a+=2)) $((a++)) $a; echo $((1/0)); echo never",
  ),
  script(
    "case",
    "for w in apple bat cat7 '' zed; do case $w in a*) echo A;; b?t|'') echo B-or-empty;; *[0-9]) echo digit;; *) echo other;; esac; done",
  ),
  script(
    "parameters",
    'set -- a \'b c\' d; echo $# $2; shift; echo "$@"; echo "$*"; x=path/to/file.tar.gz; echo ${x##*/} ${x%%.*} ${x%.gz} ${#x} ${x/to/TO} ${u:-unset} ${x:5:2}; echo ${u?message}; echo never',
  ),
  script(
    "quoting",
    "a='x  y'; echo $a; echo \"$a\" '$a' \\$a; echo \"a\\\"b\" 'it'\\''s'; IFS=:; set -- $(echo 1:2::3); echo $#; eval 'b=\\$a; echo \"$b\"'",
  ),
  script(
    "exit-status",
    "false; echo $?; true; echo $?; ! true; echo $?; (exit 42); echo $?; no-such-command; echo $?; sh -c 'exit 300'; echo $?; false || true && echo both; exit 17",
  ),
  script(
    "errexit",
    "set -e; echo before; false || echo handled; if false; then :; fi; (exit 4); echo never",
  ),
  script("nounset", "set -u; echo ${known-default}; echo $unknown; echo never"),
  script(
    "pipefail",
    "false | true; echo $?; set -o pipefail; false | true; echo $?; exit 3 | exit 4 | true; echo $?",
  ),
  script("xtrace", "set -x; a=1; echo $a two; for i in 1 2; do :; done"),
  script("syntax-error", "echo start; eval 'if true; fi'; echo never"),
  script(
    "subshell",
    "x=1; (x=2; echo $x; (x=3; echo $x)); echo $x; { x=4; }; echo $x; (cd /tmp; pwd); pwd",
  ),
  script(
    "background",
    "(echo slow > /dev/null; exit 3) & a=$!; (exit 5) & b=$!; wait $a; echo $?; wait $b; echo $?; wait; echo $?; wait 999999; echo $?",
  ),
  script(
    "background-order",
    'for i in 1 2 3 4 5 6 7 8; do (exit $i) & p="$p $!"; done; for x in $p; do wait $x; echo $?; done',
  ),
  script("sleepers", "(sleep 1; echo second) & (sleep 0.1; echo first) & wait; echo third"),
  script("trap-exit", "trap 'echo bye $?' EXIT; echo working; (trap 'echo sub' EXIT; :); exit 6"),
  script(
    "trap-signal",
    "trap 'echo got USR1' USR1; trap 'echo got TERM' TERM; kill -USR1 $$; kill -TERM $$; echo alive; trap - TERM; trap '' USR2; kill -USR2 $$; trap | sort; kill -l 15",
  ),
  script(
    "trap-child",
    "trap 'echo woken' USR1; p=$$; (sleep 0.5; kill -USR1 $p) & wait $!; echo $? | sed 's/138/interrupted/'; wait; echo done",
  ),
  script("kill-self", "echo before; kill -TERM $$; echo never"),
  script("kill-hard", "kill -KILL $$; echo never"),
  script("kill-usr1", "kill -USR1 $$; echo never"),
  script(
    "kill-child",
    // Whether the shell reports "Terminated" depends on when it reaps the child.
    "exec 2>/dev/null; sleep 100 & kill -TERM $!; wait $!; echo $?; " +
      "sleep 100 & kill -9 $!; wait $!; echo $?",
  ),
  script(
    "kill-nobody",
    "kill -0 999999; echo $?; kill -NOSUCH $$; echo $?; kill -0 $$; echo $?",
  ),
  script(
    "kill-stop",
    "exec 2>/dev/null; sleep 100 & kill -STOP $!; kill -CONT $!; kill -KILL $!; wait $!; echo $?",
  ),
  script("broken-pipe", "{ trap '' PIPE; yes; echo $? >&2; } | head -n 1; yes | true; echo done"),
  script("exec-applet", "echo first; exec seq 2; echo never"),
  script("exec-missing", "exec /no/such/program; echo never"),
  script(
    "read-options",
    'printf \'a\\\\b c\\nnext\' | { read -r x y; echo "$x,$y"; read z; echo $? "$z"; }; echo abcdef | { read -n 3 k; echo $k; }',
  ),
  script(
    "getopts",
    "set -- -a -b val -x rest; while getopts ab: o; do echo $o $OPTARG; done; shift $((OPTIND-1)); echo $*",
  ),
  script(
    "printf-builtin",
    "printf '%d %i %u %x %X %o\\n' 10 -3 7 255 255 8; printf '%5.2f|%e|%g\\n' 3.14159 12345.678 0.0001; printf '%b|%q\\n' 'a\\tb' x; printf '%s-' 1 2 3; echo; printf '%d\\n' zz; echo $?",
  ),
  script(
    "recursion",
    "f() { [ $1 -eq 0 ] || { f $(($1-1)); }; }; f 200; echo deep; g() { [ $1 -eq 0 ] && echo bottom || (g $(($1-1))); }; g 25",
  ),
  script(
    "primes",
    "n=2; while [ $n -lt 60 ]; do p=1; d=2; while [ $((d*d)) -le $n ]; do [ $((n%d)) = 0 ] && { p=0; break; }; d=$((d+1)); done; [ $p = 1 ] && printf '%d ' $n; n=$((n+1)); done; echo",
  ),
  script(
    "fork-many",
    "i=0; while [ $i -lt 40 ]; do (exit $((i % 3))); s=$((${s:-0} + $?)); i=$((i+1)); done; echo $s",
  ),
  script(
    "environment",
    "export A=1; B=2 sh -c 'echo $A $B'; unset A; sh -c 'echo [$A]'; C=3 env | grep ^C",
  ),
  script("self", "test -x /proc/self/exe && echo yes; readlink /proc/self/exe | wc -l"),
  script(
    "alias-type",
    "type echo cd f nosuch; f() { :; }; type f; command -v echo; alias ll='ls -l'; alias ll",
  ),
  script("nested-shell", 'sh -c \'sh -c "sh -c \\"echo deep; exit 8\\""\'; echo $?'),
  script("empty-read", "true | { read x; echo $?; }; echo ${x-none}; time_is=up; echo $time_is"),
  script(
    "ulimit-files",
    'i=10; while [ $i -lt 40 ]; do eval "exec $i</dev/null"; i=$((i+1)); done; read x <&39; echo $?; exec 39<&-; read x <&39; echo $?',
  ),
];

/** Lines in which busybox re-executes itself, which qemu-user cannot do (see `Line.expect`). */
const reexecuting: readonly Line[] = [
  expected(direct("env-command", "env", "-i", "X=1", "sh", "-c", "echo $X"), "1\n"),
  expected(direct("env-env", "env", "-i", "D=4", "E=5", "env"), "D=4\nE=5\n"),
  expected(
    direct("timeout-in-time", "timeout", "100", "sh", "-c", "echo in; exit 3"),
    "in\n",
    "",
    3,
  ),
  expected(direct("timeout-late", "timeout", "1", "sleep", "100"), "", "", 143),
  expected(
    fed(direct("xargs-sh", "xargs", "-n", "1", "sh", "-c", 'echo "<$0>"'), "a\nb\n"),
    "<a>\n<b>\n",
  ),
  expected(
    fed(direct("xargs-status", "xargs", "-n", "1", "gzip", "-t"), "/nowhere\n"),
    "",
    "gzip: /nowhere: No such file or directory\n",
    123,
  ),
  expected(
    inScratch("find-exec", "echo a > 1; echo b > 2; find . -type f -exec cat {} \\; | sort"),
    "a\nb\n",
  ),
];

/** Every line, in the order in which the tests run them. */
export const lines: readonly Line[] = [
  ...applets,
  ...pipelines,
  ...files,
  ...shell,
  ...reexecuting,
];
