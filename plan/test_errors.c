/* Wrong configurations, and exactly what is said about each: the whole way from the file to
 * config_check. A message names the object, the reason and the remedy; one fault is told once. */

#include "plan/testing.h"

#define LUKS "volume state UUID=a { luks "
#define LUKS_END "; fs ext4 }\ngenerations state:/generations\n"
#define UNKNOWN_METHOD(shown)                                                                      \
    "ebb.conf:3:13: shell \"" shown "\" is made by a method that PID 1 does not know; make a "     \
    "hash by yescrypt, scrypt, bcrypt, sha512crypt, sha256crypt or md5crypt, as `mkpasswd "        \
    "--method=yescrypt` does\n"

struct wrong {
    const char *text, *report;
};

/* clang-format off */
static const struct wrong cases[] = {
    /* Words that nobody knows. */
    {BASE "hok before-switch /bin/true\n",
     "ebb.conf:3:1: unknown directive \"hok\"; did you mean \"hook\"?\n"},
    {VOLUME "volume more LABEL=m { luks; fs ext4 }\ngenerations state:/g record=more:/r\n",
     "ebb.conf:3:22: the record of boots cannot be on \"more\", which is not there before everything "
     "else; name a plain volume, such as the EFI system partition\n"},
    {VOLUME "generations state:/g record=esp:/r\n",
     "ebb.conf:2:22: no volume \"esp\" is declared; add: volume esp UUID=ID { ... }\n"},
    {BASE "bananas\n",
     "ebb.conf:3:1: unknown directive \"bananas\"; see ebb.conf(5)\n"},
    {STORE "    dri /var/log\n}\n",
     "ebb.conf:4:5: unknown directive \"dri\" in \"persist\"; did you mean \"dir\"?\n"},
    {"volume state LABEL=state {\n    sf ext4\n}\ngenerations state:/generations\n",
     "ebb.conf:2:5: unknown directive \"sf\" in \"volume\"; did you mean \"fs\"?\n"},
    {BASE "dir /var/log\n",
     "ebb.conf:3:1: \"dir\" belongs in the block of \"persist\"; move it there\n"},
    {STORE "    mount /x\n}\n",
     "ebb.conf:4:5: \"mount\" belongs in the block of \"volume\"; move it there\n"},
    {STORE "    module loop\n}\n",
     "ebb.conf:4:5: \"module\" belongs outside of all blocks; move it there\n"},
    {STORE "    include a.conf\n}\n",
     "ebb.conf:4:5: \"include\" belongs outside of all blocks; move it there\n"},
    {BASE "root tmpfs sise=10%\n",
     "ebb.conf:3:12: \"root\" has no option \"sise\"; did you mean \"size\"?\n"},
    {BASE "root tmpfs colour=blue\n",
     "ebb.conf:3:12: \"root\" has no option \"colour\"; write: root tmpfs|overlay size=25% "
     "inodes=1m mode=0755, or: root subvolume VOLUME:/path keep=30d\n"},
    {BASE "module loop timeout=3s\n",
     "ebb.conf:3:13: \"module\" has no option \"timeout\"; write: module NAME\n"},
    {"volume state label=state { fs ext4 }\ngenerations state:/generations\n",
     "ebb.conf:1:14: \"volume\" has no option \"label\"; write: volume NAME UUID=ID wait=90s { ... }\n"},
    {BASE "root tmpfs size=10% mode=0755 size=20%\n",
     "ebb.conf:3:31: option \"size\" is given twice; remove one\n"},
    {BASE "root tmpfs \"size=10%\"\n",
     "ebb.conf:3:12: place \"size=10%\" is not a place on a volume; write VOLUME:/path, such as "
     "state:/persist\n"},

    /* Too few words, too many, too often. */
    {BASE "volume\n",
     "ebb.conf:3:1: \"volume\" lacks its name; write: volume NAME UUID=ID wait=90s { ... }\n"},
    {"volume state { fs ext4 }\ngenerations state:/generations\n",
     "ebb.conf:1:1: \"volume\" lacks its device; write: volume NAME UUID=ID wait=90s { ... }\n"},
    {BASE "root\n",
     "ebb.conf:3:1: \"root\" lacks its kind; write: root tmpfs|overlay size=25% inodes=1m "
     "mode=0755, or: root subvolume VOLUME:/path keep=30d\n"},
    {VOLUME "generations\n",
     "ebb.conf:2:1: \"generations\" lacks its place; write: generations VOLUME:/path "
     "default=latest tries=3 keep=5\n"},
    {VOLUME "generations state:/a keep=0\n",
     "ebb.conf:2:22: keep \"0\" does not say which generations stay; write some of NUMBER, daily=NUMBER, weekly=NUMBER, monthly=NUMBER and age=TIME, each once and from 1 on, such as 5,daily=7,age=30d\n"},
    {VOLUME "generations state:/a keep=5,6\n",
     "ebb.conf:2:22: keep \"5,6\" does not say which generations stay; write some of NUMBER, daily=NUMBER, weekly=NUMBER, monthly=NUMBER and age=TIME, each once and from 1 on, such as 5,daily=7,age=30d\n"},
    {VOLUME "generations state:/a keep=daily\n",
     "ebb.conf:2:22: keep \"daily\" does not say which generations stay; write some of NUMBER, daily=NUMBER, weekly=NUMBER, monthly=NUMBER and age=TIME, each once and from 1 on, such as 5,daily=7,age=30d\n"},
    {VOLUME "generations state:/a keep=5,dayly=7\n",
     "ebb.conf:2:22: keep \"5,dayly=7\" does not say which generations stay; write some of NUMBER, daily=NUMBER, weekly=NUMBER, monthly=NUMBER and age=TIME, each once and from 1 on, such as 5,daily=7,age=30d\n"},
    {VOLUME "generations state:/a keep=age=0d\n",
     "ebb.conf:2:22: keep \"age=0d\" does not say which generations stay; write some of NUMBER, daily=NUMBER, weekly=NUMBER, monthly=NUMBER and age=TIME, each once and from 1 on, such as 5,daily=7,age=30d\n"},
    {VOLUME "generations state:/a keep=5,,age=1d\n",
     "ebb.conf:2:22: keep \"5,,age=1d\" does not say which generations stay; write some of NUMBER, daily=NUMBER, weekly=NUMBER, monthly=NUMBER and age=TIME, each once and from 1 on, such as 5,daily=7,age=30d\n"},
    {VOLUME "generations state:/a keep=age=1d,age=2d\n",
     "ebb.conf:2:22: keep \"age=1d,age=2d\" does not say which generations stay; write some of NUMBER, daily=NUMBER, weekly=NUMBER, monthly=NUMBER and age=TIME, each once and from 1 on, such as 5,daily=7,age=30d\n"},
    {VOLUME "generations state:/a keep=1000001\n",
     "ebb.conf:2:22: keep \"1000001\" does not say which generations stay; write some of NUMBER, daily=NUMBER, weekly=NUMBER, monthly=NUMBER and age=TIME, each once and from 1 on, such as 5,daily=7,age=30d\n"},
    {VOLUME "generations state:/a state:/b\n",
     "ebb.conf:2:22: \"state:/b\" is one word too many; write: generations VOLUME:/path "
     "default=latest tries=3 keep=5\n"},
    {VOLUME "generations state:/a trees=erofs,ext4\n",
     "ebb.conf:2:22: trees \"erofs,ext4\" has the unknown word \"ext4\"; write some of erofs "
     "or squashfs\n"},
    {VOLUME "generations state:/a kind=guix\n",
     "ebb.conf:2:22: kind \"guix\" is unknown; did you mean \"nix\"?\n"},
    {VOLUME "generations state:/a enter=init\n",
     "ebb.conf:2:1: enter= is about systems of a Nix profile; remove it, or write kind=nix\n"},
    {VOLUME "generations state:/a kind=nix trees=erofs\nroot overlay\n",
     "ebb.conf:2:1: a generation of a Nix profile has no tree, so trees= means nothing; remove it\n"
     "ebb.conf:2:1: the links of a Nix profile lead to /nix/store, so its volume \"state\" has to "
     "be mounted there; write in its block: mount /nix\n"
     "ebb.conf:3:1: a generation of a Nix profile has no tree that an overlay could lie over; "
     "write root tmpfs\n"},
    {BASE "persist { dir /a }\n",
     "ebb.conf:3:1: \"persist\" lacks its place; write: persist VOLUME:/path { dir /path; "
     "file /path }\n"},
    {STORE "    dir mode=0700\n}\n",
     "ebb.conf:4:5: \"dir\" lacks its path; write: dir /path owner=NAME group=NAME "
     "mode=0755\n"},
    {STORE "    dir /a /b\n}\n",
     "ebb.conf:4:12: \"/b\" is one word too many; write: dir /path owner=NAME group=NAME "
     "mode=0755\n"},
    {BASE "secrets state:/s.yaml {\n    secret a\n}\n",
     "ebb.conf:3:1: nothing says which key opens the file; add to its block: key VOLUME:/path\n"},
    {BASE "secrets state:/s.yaml {\n    key state:/k\n}\n",
     "ebb.conf:3:1: warning: nothing of the file is delivered; add to its block: secret KEY, or "
     "whole NAME\n"},
    {BASE "secrets other:/s.yaml { key state:/k; secret a }\n",
     "ebb.conf:3:9: no volume \"other\" is declared; add: volume other UUID=ID { ... }\n"},
    {BASE "secrets state:/s.age { key state:/k; secret a }\n",
     "ebb.conf:3:38: an age file has no keys; write: whole NAME, and \"a\" may be the name\n"},
    {BASE "secrets state:/s.yaml { key state:/k; secret a; secret a }\n",
     "ebb.conf:3:49: \"secret a\" is declared twice, first at ebb.conf:3:39; remove one\n"},
    {BASE "secrets state:/s.yaml { key state:/k; secret a/b; secret c name=a }\n",
     "ebb.conf:3:39: \"a/b\" would lie in \"a\", which is a secret itself (ebb.conf:3); give one of "
     "them another name=\n"},
    {BASE "secrets state:/s.yaml { key state:/k; secret a mode=4400 }\n",
     "ebb.conf:3:39: \"a\" is no program, and needs no mode 4400\n"},
    {BASE "secrets s.yaml { key state:/k; secret a }\nsecrets /../s sha256=12 { key state:/k; secret "
          "b }\n",
     "ebb.conf:3:9: file \"s.yaml\" is no path; write VOLUME:/path, or /path for a file in the tree "
     "of the generation\n"
     "ebb.conf:4:9: file \"/../s\" contains \"..\"; write a path such as /etc/secrets.yaml\n"
     "ebb.conf:4:15: sha256 \"12\" is no SHA-256; write its 64 hexadecimal digits, as sha256sum shows "
     "them\n"},
    {BASE "secrets /s.yaml { key /k; secret a }\nsecrets /s.yaml { key state:/k; secret b }\n",
     "ebb.conf:3:23: the key \"/k\" is on no volume; declare it as persistent, or write "
     "VOLUME:/path\n"
     "ebb.conf:4:1: warning: \"/s.yaml\" has a block already, at ebb.conf:3:1, and is decrypted "
     "twice; join the two\n"},
    {BASE "template a\ntemplate /b /b\ntemplate c c.in\ntemplate d other:/d\n",
     "ebb.conf:3:1: \"template\" lacks its file; write: template NAME FILE owner=NAME group=NAME "
     "mode=0400 class=normal early=no\n"
     "ebb.conf:4:10: name \"/b\" is no name of a secret; write one without \"/\" at its beginning, "
     "such as wifi/psk\n"
     "ebb.conf:5:12: file \"c.in\" is no path; write VOLUME:/path, or /path for a file in the tree "
     "of the generation\n"
     "ebb.conf:6:12: no volume \"other\" is declared; add: volume other UUID=ID { ... }\n"},
    {BASE "template a /a name=b\ntemplate c /c owner=33 early=yes\n",
     "ebb.conf:3:15: \"template\" has no option \"name\"; write: template NAME FILE owner=NAME "
     "group=NAME mode=0400 class=normal early=no\n"
     "ebb.conf:4:1: \"rendered/c\" is there before users are, so it is root's; leave owner= and "
     "group= out, or early=yes\n"},
    {BASE "secrets state:/s.yaml { key state:/k; secret rendered/a; secret rendered }\n"
          "template a /a\ntemplate a/b /b\n",
     "ebb.conf:3:39: \"rendered/a\" would lie in \"rendered\", which is a secret itself "
     "(ebb.conf:3); give one of them another name=\n"
     "ebb.conf:4:1: \"secret rendered/a\" is declared twice, first at ebb.conf:3:39; remove one\n"
     "ebb.conf:5:1: \"rendered/a/b\" would lie in \"rendered\", which is a secret itself "
     "(ebb.conf:3); give one of them another name=\n"
     "ebb.conf:5:1: \"rendered/a/b\" would lie in \"rendered/a\", which is a secret itself "
     "(ebb.conf:3); give one of them another name=\n"},
    {BASE "secrets state:/s.yaml { key state:/k; secret a credential=a:b }\n",
     "ebb.conf:3:39: the credential \"a:b\" is not made of printable ASCII characters without \"/\" "
     "and \":\"; give it another name\n"},
    {BASE "secrets state:/s.yaml { key state:/k; secret a credential=x; secret b credential=x }\n",
     "ebb.conf:3:62: \"x\" is the credential of another secret already (ebb.conf:3); give it another "
     "name\n"},
    {BASE "secrets state:/s.yaml { key state:/k; secret a failure=previous }\n",
     "ebb.conf:3:39: a boot goes on without \"a\", so failure=previous means nothing; write "
     "class=required, too\n"},
    {BASE "secrets state:/s.yaml { key state:/k; secret a early=yes group=22 }\n",
     "ebb.conf:3:39: \"a\" is there before users are, so it is root's; leave owner= and group= out, "
     "or early=yes\n"},
    {STORE "    file /etc/k\n}\nsecrets state:/s.yaml { key state:/k; secret a path=/etc/k }\n",
     "ebb.conf:6:39: \"/etc/k\" is a persist entry (ebb.conf:4), and cannot be a link to a secret, "
     "too\n"},
    {BASE "secrets state:/s.yaml { key /k; secret ../a; whole b class=urgent }\n",
     "ebb.conf:3:29: the key \"/k\" is on no volume; declare it as persistent, or write "
     "VOLUME:/path\n"
     "ebb.conf:3:40: key \"../a\" contains \"..\"; write a path without \"/\" at its beginning, such as "
     "wifi/psk\n"
     "ebb.conf:3:54: class \"urgent\" is unknown; write normal, required or optional\n"},
    {BASE "secrets state:/s.yaml { key state:/k; secret /a }\n",
     "ebb.conf:3:1: warning: nothing of the file is delivered; add to its block: secret KEY, or "
     "whole NAME\n"
     "ebb.conf:3:46: key \"/a\" is no name of a secret; write one without \"/\" at its beginning, such "
     "as wifi/psk\n"},
    {BASE "secrets state:/s.yaml { key state:/k; secret a }\n"
          "secrets state:/s.yaml { key state:/k; secret b }\n",
     "ebb.conf:4:1: warning: \"state:/s.yaml\" has a block already, at ebb.conf:3:1, and is decrypted "
     "twice; join the two\n"},
    {BASE "hook before-switch /etc/x timeout=0s\n",
     "ebb.conf:3:1: the hook \"/etc/x\" has no time at all; give it a timeout= or leave it out\n"},
    {BASE "persist state:/p { file /etc/machine-id mode=0600; }\n",
     "ebb.conf:3:20: \"/etc/machine-id\" is always root's, with mode 0444; leave its options out\n"},
    {BASE "hook after-volumes /etc/x background=yes\n",
     "ebb.conf:3:1: the hook \"/etc/x\" cannot begin to run in the background so late; move it to "
     "before-volumes or on-passphrase\n"},
    {BASE "hook before-volumes /etc/x background=yes failure=fail\n",
     "ebb.conf:3:1: the boot does not depend on the hook \"/etc/x\", because it goes on beside it; "
     "leave failure= out\n"},
    {BASE "hook on-rescue /etc/x failure=degrade\n",
     "ebb.conf:3:1: the boot does not depend on the hook \"/etc/x\", because it runs when that has "
     "failed; leave failure= out\n"},
    {BASE "hook after-root /etc/x needs=/a,b\n",
     "ebb.conf:3:24: needs \"/a,b\" has \"b\", which is relative; write paths such as "
     "/usr/sbin/dropbear,/etc/ebb/ssh\n"},
    {BASE "hook after-root /etc/x needs=/a,\n",
     "ebb.conf:3:24: needs \"/a,\" has \"\", which is relative; write paths such as "
     "/usr/sbin/dropbear,/etc/ebb/ssh\n"},
    {BASE "hook before-switch\n",
     "ebb.conf:3:1: \"hook\" lacks its path; write: hook POINT /path timeout=30s "
     "failure=fail needs=/path,/path background=no\n"},
    {BASE "hook /etc/announce\n",
     "ebb.conf:3:1: \"hook\" lacks its path; write: hook POINT /path timeout=30s "
     "failure=fail needs=/path,/path background=no\n"
     "ebb.conf:3:6: point \"/etc/announce\" is unknown; write before-volumes, on-passphrase, "
     "after-volumes, after-root, after-persist, before-switch or on-rescue\n"},
    {BASE "module\n",
     "ebb.conf:3:1: \"module\" lacks its name; write: module NAME\n"},
    {BASE "rescue after=10s\n",
     "ebb.conf:3:1: \"rescue\" lacks its action; write: rescue wait|reboot|poweroff "
     "after=30s shell=no\n"},
    {BASE "boot esp:/\n",
     "ebb.conf:3:6: no volume \"esp\" is declared; add: volume esp UUID=ID { ... }\n"},
    {BASE ESP "boot esp:/EFI\n",
     "ebb.conf:4:6: boot loaders look from the top of their partition; write: boot esp:/\n"},
    {BASE "boot state:/\n", "ebb.conf:3:6: firmware cannot read \"state\", which is ext4; name the EFI "
                            "system partition, with vfat\n"},
    {BASE "volume esp LABEL=e { luks; fs vfat }\nboot esp:/\n",
     "ebb.conf:4:6: firmware cannot read \"esp\", which is in a container; name the EFI system "
     "partition, with vfat\n"},
    {BASE ESP "boot esp:/ options=\"quiet ebb.generation=4\"\n",
     "ebb.conf:4:1: the options of `boot` say which generation is booted; each entry says it, so "
     "remove ebb.generation=\n"},
    {BASE ESP "boot esp:/ timeout=500ms\n",
     "ebb.conf:4:1: boot loaders count whole seconds; write for example timeout=1s\n"},
    {BASE ESP "boot esp:/ loader=grub options=\"a='b'\"\n",
     "ebb.conf:4:1: the options of `boot` have ' or \\ in them, which GRUB changes; write them "
     "without\n"},
    {BASE ESP "boot esp:/ uki=yes key=/a\n",
     "ebb.conf:4:1: key= and certificate= sign unified images together; write: boot esp:/ uki=yes "
     "key=FILE certificate=FILE\n"},
    {BASE ESP "boot esp:/ key=/a certificate=/b\n",
     "ebb.conf:4:1: key= and certificate= sign unified images together; write: boot esp:/ uki=yes "
     "key=FILE certificate=FILE\n"},
    {BASE ESP "boot esp:/ loader=lilo\n", "ebb.conf:4:12: loader \"lilo\" is unknown; write "
                                          "systemd-boot or grub\n"},
    {BASE ESP "boot esp:/\nboot esp:/\n",
     "ebb.conf:5:1: \"boot\" is declared twice, first at ebb.conf:4:1; remove one\n"},
    {BASE "keymap\n",
     "ebb.conf:3:1: \"keymap\" lacks its name; write: keymap NAME|/path|none\n"},
    {BASE "keymap de nodeadkeys\n",
     "ebb.conf:3:11: \"nodeadkeys\" is one word too many; write: keymap NAME|/path|none\n"},
    {BASE "keymap de variant=nodeadkeys\n",
     "ebb.conf:3:11: \"keymap\" has no option \"variant\"; write: keymap NAME|/path|none\n"},
    {"volume state LABEL=state { fs }\ngenerations state:/generations\n",
     "ebb.conf:1:28: \"fs\" lacks its type; write: fs TYPE options=LIST check=no degraded=no "
     "damaged=rescue\n"},
    {"volume state LABEL=state { fs ext4; mount }\ngenerations state:/generations\n",
     "ebb.conf:1:37: \"mount\" lacks its path; write: mount /path\n"},
    {BASE "include\n",
     "ebb.conf:3:1: \"include\" takes one file or glob, such as: include common.conf\n"},
    {BASE "include a.conf b.conf\n",
     "ebb.conf:3:1: \"include\" takes one file or glob, such as: include common.conf\n"},
    {BASE "include a.conf { root tmpfs }\n",
     "ebb.conf:3:1: \"include\" takes one file or glob, such as: include common.conf\n"},
    {BASE "root tmpfs { size 10% }\n",
     "ebb.conf:3:1: \"root\" takes no block; write: root tmpfs|overlay size=25% inodes=1m "
     "mode=0755, or: root subvolume VOLUME:/path keep=30d\n"},

    /* Values. */
    {STORE "    dir /a mode=8\n}\n",
     "ebb.conf:4:12: mode \"8\" is not a mode; write octal digits, such as 0755\n"},
    {STORE "    dir /a mode=10000\n}\n",
     "ebb.conf:4:12: mode \"10000\" is not a mode; write octal digits, such as 0755\n"},
    {STORE "    dir /a mode=rwx\n}\n",
     "ebb.conf:4:12: mode \"rwx\" is not a mode; write octal digits, such as 0755\n"},
    {STORE "    dir /a mode=\n}\n",
     "ebb.conf:4:12: mode \"\" is not a mode; write octal digits, such as 0755\n"},
    {STORE "    dir /a options=ro,noexce\n}\n",
     "ebb.conf:4:12: options \"ro,noexce\" has the unknown word \"noexce\"; did you mean "
     "\"noexec\"?\n"},
    {STORE "    dir /a options=bananas\n}\n",
     "ebb.conf:4:12: options \"bananas\" has the unknown word \"bananas\"; write some of ro, "
     "noexec, nosuid, nodev, hide or trash\n"},
    {STORE "    dir /a options=ro,\n}\n",
     "ebb.conf:4:12: options \"ro,\" has an empty word; write some of ro, noexec, nosuid, nodev, "
     "hide or trash\n"},
    {STORE "    file /etc/machine-id options=ro\n}\n",
     "ebb.conf:4:5: \"/etc/machine-id\" is always root's, with mode 0444; leave its options out\n"},
    {STORE "    dir /a required=degraded\n}\n",
     "ebb.conf:4:12: required \"degraded\" is unknown; did you mean \"degrade\"?\n"},
    {STORE "    dir /a existing=tigten\n}\n",
     "ebb.conf:4:12: existing \"tigten\" is unknown; did you mean \"tighten\"?\n"},
    {STORE "    dir /a seed=skel\n}\n",
     "ebb.conf:4:12: seed \"skel\" is unknown; write none, generation, or a path in the "
     "generation's tree\n"},
    {STORE "    dir /a seed=/etc/../skel\n}\n",
     "ebb.conf:4:12: seed \"/etc/../skel\" contains \"..\"; write a path such as /etc/skel\n"},
    {STORE "    home alice {\n        dir /home/alice/.ssh\n    }\n}\n",
     "ebb.conf:5:13: path \"/home/alice/.ssh\" is absolute; write it from the home on, such as .ssh, "
     "or move it out of the block\n"},
    {STORE "    home alice {\n        dir ../bob\n        file a/\n        dir \"\"\n    }\n}\n",
     "ebb.conf:5:13: path \"../bob\" contains \"..\"; write a path from the home on, such as .ssh\n"
     "ebb.conf:6:14: path \"a/\" ends in \"/\"; write a path from the home on, such as .ssh\n"
     "ebb.conf:7:13: path \"\" names nothing; write a path from the home on, such as .ssh\n"},
    {STORE "    home 1000 { dir a; }\n}\n",
     "ebb.conf:4:10: user \"1000\" is not the name of a user; write home NAME { ... }\n"},
    {STORE "    home { dir a; }\n}\n",
     "ebb.conf:4:5: \"home\" lacks its user; write: home NAME path=/home/NAME { dir PATH; file PATH "
     "}\n"},
    {STORE "    home alice path=srv { dir a; }\n}\n",
     "ebb.conf:4:16: path \"srv\" is relative; write a path such as /var/log\n"},
    {STORE "    home alice { dir a; dir a/b; }\n    dir /home/alice/a\n}\n",
     "ebb.conf:4:25: \"/home/alice/a/b\" persists already as part of \"/home/alice/a\", at "
     "ebb.conf:4:18; remove one of the two\n"
     "ebb.conf:5:5: \"persist /home/alice/a\" is declared twice, first at ebb.conf:4:18; remove one\n"},
    {BASE "home alice { dir a; }\n",
     "ebb.conf:3:1: \"home\" belongs in the block of \"persist\"; move it there\n"},
    {STORE "    file /a method=copy options=ro\n}\n",
     "ebb.conf:4:5: \"/a\" is not mounted by its method, so that options= would do nothing; write "
     "method=bind, or leave options= out\n"},
    {STORE "    file /a method=copy seed=none\n}\n",
     "ebb.conf:4:5: \"/a\" begins as the generation has it, and is copied with its owner and mode; "
     "leave existing= and seed= out, or write method=bind\n"},
    {BASE "root tmpfs size=0\n",
     "ebb.conf:3:12: size \"0\" is not a size; write bytes with k, M or G, or a percentage "
     "of memory, such as 25%\n"},
    {BASE "root tmpfs size=10X\n",
     "ebb.conf:3:12: size \"10X\" is not a size; write bytes with k, M or G, or a "
     "percentage of memory, such as 25%\n"},
    {BASE "root tmpfs size=101%\n",
     "ebb.conf:3:12: size \"101%\" is more than all memory; write at most 100%\n"},
    {BASE "root tmpfs size=99999999999g\n",
     "ebb.conf:3:12: size \"99999999999g\" is more than any memory; write a smaller one, or "
     "a percentage such as 25%\n"},
    {BASE "root tmpfs size=-5\n",
     "ebb.conf:3:12: size \"-5\" is not a size; write bytes with k, M or G, or a percentage "
     "of memory, such as 25%\n"},
    {BASE "root tmpfs inodes=many\n",
     "ebb.conf:3:12: inodes \"many\" is not a number of inodes; write for example 800k\n"},
    {BASE "root tmpfs inodes=10%\n",
     "ebb.conf:3:12: inodes \"10%\" is not a number of inodes; write for example 800k\n"},
    {BASE "rescue reboot after=\"10\"\n",
     "ebb.conf:3:15: after \"10\" is not a duration; write a number and ms, s, min, h or d, "
     "such as 30s\n"},
    {BASE "rescue reboot after=\"5 min\"\n",
     "ebb.conf:3:15: after \"5 min\" is not a duration; write a number and ms, s, min, h or d, "
     "such as 30s\n"},
    {BASE "rescue reboot after=\"597h\"\n",
     "ebb.conf:3:15: after \"597h\" is too long; the longest is 596h\n"},
    {BASE "rescue reboot after=\"fast\"\n",
     "ebb.conf:3:15: after \"fast\" is not a duration; write a number and ms, s, min, h or d, "
     "such as 30s\n"},
    {BASE "rescue reboot after=\"-1s\"\n",
     "ebb.conf:3:15: after \"-1s\" is not a duration; write a number and ms, s, min, h or d, "
     "such as 30s\n"},
    {STORE "    dir /a owner=4294967295\n}\n",
     "ebb.conf:4:12: owner \"4294967295\" is not a user or group number; the largest is "
     "4294967294\n"},
    {STORE "    dir /a owner=-alice\n}\n",
     "ebb.conf:4:12: owner \"-alice\" is not the name of a user or group; write owner=NAME "
     "group=NAME\n"},
    {STORE "    dir /a owner=alice:users\n}\n",
     "ebb.conf:4:12: owner \"alice:users\" is not the name of a user or group; write "
     "owner=NAME group=NAME\n"},
    {STORE "    dir /a owner=\n}\n",
     "ebb.conf:4:12: owner \"\" is not the name of a user or group; write owner=NAME "
     "group=NAME\n"},
    {STORE "    dir /a group=\"the staff\"\n}\n",
     "ebb.conf:4:12: group \"the staff\" is not the name of a user or group; write "
     "owner=NAME group=NAME\n"},
    {"volume state sda1 { fs ext4 }\ngenerations state:/generations\n",
     "ebb.conf:1:14: device \"sda1\" is not a device; write UUID=, LABEL=, PARTUUID= or "
     "PARTLABEL=, or a path in /dev\n"},
    {"volume state /dev/ { fs ext4 }\ngenerations state:/generations\n",
     "ebb.conf:1:14: device \"/dev/\" is not a device; write UUID=, LABEL=, PARTUUID= or "
     "PARTLABEL=, or a path in /dev\n"},
    {"volume state /dev/../sda { fs ext4 }\ngenerations state:/generations\n",
     "ebb.conf:1:14: device \"/dev/../sda\" is not a device; write UUID=, LABEL=, PARTUUID= "
     "or PARTLABEL=, or a path in /dev\n"},
    {"volume state UUID= { fs ext4 }\ngenerations state:/generations\n",
     "ebb.conf:1:14: device \"UUID=\" names no device; put the value behind \"=\", as `blkid` "
     "shows it\n"},
    {BASE "persist state { dir /a }\n",
     "ebb.conf:3:9: place \"state\" is not a place on a volume; write VOLUME:/path, such as "
     "state:/persist\n"},
    {BASE "persist /persist { dir /a }\n",
     "ebb.conf:3:9: place \"/persist\" is not a place on a volume; write VOLUME:/path, such "
     "as state:/persist\n"},
    {BASE "persist :/persist { dir /a }\n",
     "ebb.conf:3:9: place \":/persist\" is not a place on a volume; write VOLUME:/path, "
     "such as state:/persist\n"},
    {BASE "persist state:persist { dir /a }\n",
     "ebb.conf:3:9: place \"state:persist\" is relative behind the colon; write "
     "VOLUME:/path\n"},
    {BASE "persist state:/a/../b { dir /a }\n",
     "ebb.conf:3:9: place \"state:/a/../b\" contains \"..\" behind the colon; write "
     "VOLUME:/path\n"},
    {BASE "persist state:/a/ { dir /a }\n",
     "ebb.conf:3:9: place \"state:/a/\" ends in \"/\" behind the colon; write VOLUME:/path\n"},
    {BASE "persist st/te:/a { dir /a }\n",
     "ebb.conf:3:9: place \"st/te:/a\" has no volume's name before the colon; write "
     "VOLUME:/path\n"},
    {BASE "root zfs\n",
     "ebb.conf:3:6: kind \"zfs\" is unknown; write tmpfs, overlay or subvolume\n"},
    {BASE "root tmpsf\n",
     "ebb.conf:3:6: kind \"tmpsf\" is unknown; did you mean \"tmpfs\"?\n"},
    {BASE "hook after-root /bin/true failure=ignore\n",
     "ebb.conf:3:27: failure \"ignore\" is unknown; write fail, warn or degrade\n"},
    {STORE "    dir \"var/log\"\n}\n",
     "ebb.conf:4:9: path \"var/log\" is relative; write a path such as /var/log\n"},
    {STORE "    dir \"/var/../log\"\n}\n",
     "ebb.conf:4:9: path \"/var/../log\" contains \"..\"; write a path such as /var/log\n"},
    {STORE "    dir \"/var/./log\"\n}\n",
     "ebb.conf:4:9: path \"/var/./log\" contains \".\"; write a path such as /var/log\n"},
    {STORE "    dir \"/var//log\"\n}\n",
     "ebb.conf:4:9: path \"/var//log\" contains \"//\"; write a path such as /var/log\n"},
    {STORE "    dir \"/var/log/\"\n}\n",
     "ebb.conf:4:9: path \"/var/log/\" ends in \"/\"; write a path such as /var/log\n"},
    {STORE "    dir \"\"\n}\n",
     "ebb.conf:4:9: path \"\" is relative; write a path such as /var/log\n"},
    {BASE "hook after-root bin/true\n",
     "ebb.conf:3:17: path \"bin/true\" is relative; write a path such as /var/log\n"},
    {"volume state LABEL=state { fs ext4; mount persist }\ngenerations state:/generations\n",
     "ebb.conf:1:43: path \"persist\" is relative; write a path such as /var/log\n"},
    {VOLUME "generations state:/g default=0\n",
     "ebb.conf:2:22: default \"0\" names no generation; write its number or label, latest or "
     "previous\n"},
    {VOLUME "generations state:/g default=menu\n",
     "ebb.conf:2:22: default \"menu\" names no generation; write its number or label, latest or "
     "previous\n"},
    {VOLUME "generations state:/g default=1000000000\n",
     "ebb.conf:2:22: default \"1000000000\" names no generation; write its number or label, "
     "latest or previous\n"},
    {"volume \"my state\" LABEL=state { fs ext4 }\ngenerations state:/generations\n",
     "ebb.conf:1:8: name \"my state\" is not a name; use letters, digits, \"-\" and \"_\"\n"},
    {BASE "volume a.b LABEL=a { fs ext4 }\nvolume a.c LABEL=b { fs ext4 }\n",
     "ebb.conf:3:8: name \"a.b\" is not a name; use letters, digits, \"-\" and \"_\"\n"
     "ebb.conf:4:8: name \"a.c\" is not a name; use letters, digits, \"-\" and \"_\"\n"},
    {"volume state LABEL=state { fs \"ext 4\" }\ngenerations state:/generations\n",
     "ebb.conf:1:31: type \"ext 4\" is not a name; use letters, digits, \"-\" and \"_\"\n"},
    {"volume state LABEL=state { fs ext4 options=\"\" }\ngenerations state:/generations\n",
     "ebb.conf:1:36: options \"\" is empty; give it a value or leave it out\n"},
    {"volume state LABEL=state { fs ext4; identity a/b }\ngenerations state:/generations\n",
     "ebb.conf:1:46: identity \"a/b\" is not a name; use letters, digits, \"-\" and \"_\"\n"},
    {BASE "keymap maps/my.map\n",
     "ebb.conf:3:8: name \"maps/my.map\" is no keymap; write a name that loadkeys knows, such as "
     "de-latin1, the path of a file, or none\n"},
    {BASE "keymap /etc/../my.map\n",
     "ebb.conf:3:8: name \"/etc/../my.map\" is no keymap; write a name that loadkeys knows, such "
     "as de-latin1, the path of a file, or none\n"},
    {BASE "keymap -d\n",
     "ebb.conf:3:8: name \"-d\" is no keymap; write a name that loadkeys knows, such as "
     "de-latin1, the path of a file, or none\n"},
    {BASE "keymap \"\"\n",
     "ebb.conf:3:8: name \"\" is no keymap; write a name that loadkeys knows, such as de-latin1, "
     "the path of a file, or none\n"},
    {BASE "module /lib/loop.ko\n",
     "ebb.conf:3:8: name \"/lib/loop.ko\" is not a name; use letters, digits, \"-\" and \"_\"\n"},

    /* Volumes: what they lie on and in. */
    {"volume state LABEL=state timeout=2min { fs ext4 }\ngenerations state:/generations\n",
     "ebb.conf:1:26: \"volume\" has no option \"timeout\"; write: volume NAME UUID=ID wait=90s "
     "{ ... }\n"},
    {"volume state LABEL=state wait=2 { fs ext4 }\ngenerations state:/generations\n",
     "ebb.conf:1:26: wait \"2\" is not a duration; write a number and ms, s, min, h or d, such as "
     "30s\n"},
    {"volume state LABEL=state { fs ext4; lvm vg }\ngenerations state:/generations\n",
     "ebb.conf:1:41: \"vg\" is one word too many; write: lvm\n"},
    {"volume state LABEL=state { fs ext4; raid md0 }\ngenerations state:/generations\n",
     "ebb.conf:1:42: \"md0\" is one word too many; write: raid degraded=no\n"},
    {"volume state LABEL=state { fs ext4; raid; raid degraded=no }\n"
     "generations state:/generations\n",
     "ebb.conf:1:43: \"raid\" stands twice in this \"volume\", first at ebb.conf:1:37; remove "
     "one\n"},
    {"volume state LABEL=state { fs ext4; raid degraded=yes }\ngenerations state:/generations\n",
     "ebb.conf:1:42: degraded \"yes\" is unknown; write no, ro, or after=TIME such as after=30s\n"},
    {"volume state LABEL=state { fs btrfs degraded=after }\ngenerations state:/generations\n",
     "ebb.conf:1:37: degraded \"after\" is unknown; write no, ro, or after=TIME such as "
     "after=30s\n"},
    {"volume state LABEL=state { fs btrfs degraded=after=30 }\ngenerations state:/generations\n",
     "ebb.conf:1:37: degraded \"after=30\" is unknown; write no, ro, or after=TIME such as "
     "after=30s\n"},
    {"volume state LABEL=state { fs ext4 check=maybe }\ngenerations state:/generations\n",
     "ebb.conf:1:36: check \"maybe\" is unknown; write no or yes\n"},
    {"volume state LABEL=state { fs xfs check=yes }\ngenerations state:/generations\n",
     "ebb.conf:1:1: there is no checker for xfs that repairs only what is safe, so the volume "
     "\"state\" cannot have check=yes; remove it\n"},
    {"volume state LABEL=state { fs btrfs check=yes }\ngenerations state:/generations\n",
     "ebb.conf:1:1: there is no checker for btrfs that repairs only what is safe, so the volume "
     "\"state\" cannot have check=yes; remove it\n"},
    {"volume state LABEL=state { fs ext4 degraded=after=5s }\ngenerations state:/generations\n",
     "ebb.conf:1:1: ext4 lies on one device, so degraded= means nothing for the volume \"state\"; "
     "remove it, or put it behind `raid`\n"},
    {"volume state LABEL=state { fs btrfs degraded=ro }\ngenerations state:/generations\n",
     "ebb.conf:1:1: the volume \"state\" holds state, which nothing read-only can keep; write "
     "degraded=after=30s, or degraded=no\n"},
    {"volume state LABEL=state { fs ext4 damaged=yes }\ngenerations state:/generations\n",
     "ebb.conf:1:36: damaged \"yes\" is unknown; write rescue, ask or memory\n"},
    {BASE "volume efi LABEL=EFI { fs vfat damaged=ask }\n",
     "ebb.conf:3:1: changes on the volume \"efi\" cannot stay in memory: only ext4, ext3, xfs and "
     "btrfs are known to be read without being written to; remove damaged=ask\n"},
    {"volume state LABEL=state { fs ext4 options=noatime,ro damaged=memory }\n"
     "generations state:/generations\n",
     "ebb.conf:1:1: changes on the volume \"state\" cannot stay in memory: it is declared "
     "read-only; remove damaged=memory\n"},
    {"volume state LABEL=state { fs btrfs damaged=memory }\ngenerations state:/generations\n"
     "root subvolume state:/@root\n",
     "ebb.conf:1:1: changes on the volume \"state\" cannot stay in memory: the root is made on "
     "it; remove damaged=memory\n"},
    {"volume state LABEL=state { luks keyfile=keys:/k; fs ext4 }\n"
     "volume keys LABEL=keys { fs ext4 damaged=ask }\ngenerations state:/generations\n",
     "ebb.conf:2:1: changes on the volume \"keys\" cannot stay in memory: only keys are read from "
     "it; remove damaged=ask\n"},
    {"volume state LABEL=state { fs ext4; raid degraded=ro }\ngenerations state:/generations\n",
     "ebb.conf:1:1: an array is not begun read-only; write raid degraded=after=30s, or remove "
     "degraded=\n"},
    {"volume state LABEL=state wait=20s { fs ext4; raid degraded=after=20s }\n"
     "generations state:/generations\n",
     "ebb.conf:1:1: the volume \"state\" is given up after 20 s, before degraded= may do "
     "anything; give it a longer wait=\n"},
    {"volume state LABEL=state wait=1500ms { fs btrfs degraded=after=1min }\n"
     "generations state:/generations\n",
     "ebb.conf:1:1: the volume \"state\" is given up after 1500 ms, before degraded= may do "
     "anything; give it a longer wait=\n"},
    {BASE "volume nix LABEL=state { luks }\n",
     "ebb.conf:3:1: \"LABEL=state\" is the volume \"state\" already, at ebb.conf:1:1; declare it "
     "once\n"},
    {"volume state UUID=a { luks; fs btrfs options=subvol=a }\n"
     "volume nix UUID=a { luks; fs btrfs options=subvol=b }\n"
     "generations state:/generations\n",
     "ebb.conf:2:1: \"UUID=a\" is the container of the volume \"state\" already, at ebb.conf:1:1; "
     "declare it once, without `fs`, and what lies in it by tags of its own\n"},
    {"volume state /dev/disk/by-id/usb-Stick_1 { fs ext4 }\ngenerations state:/generations\n",
     "ebb.conf:1:1: \"/dev/disk/by-id/usb-Stick_1\" is a link that only udev can make, and there is "
     "none yet; write UUID=, LABEL=, PARTUUID= or PARTLABEL=, as `blkid` shows them\n"},
    {"volume state /dev/disk/by-path/pci-0-1 { fs ext4 }\ngenerations state:/generations\n",
     "ebb.conf:1:1: \"/dev/disk/by-path/pci-0-1\" is a link that only udev can make, and there is "
     "none yet; write UUID=, LABEL=, PARTUUID= or PARTLABEL=, as `blkid` shows them\n"},

    /* Containers. */
    {LUKS "password=x" LUKS_END,
     "ebb.conf:1:28: \"luks\" has no option \"password\"; write: luks keyfile=VOLUME:/path tries=0 "
     "discard=no\n"},
    {LUKS "secret" LUKS_END,
     "ebb.conf:1:28: \"secret\" is one word too many; write: luks keyfile=VOLUME:/path tries=0 "
     "discard=no\n"},
    {LUKS "{ fs ext4 }" LUKS_END,
     "ebb.conf:1:23: \"luks\" takes no block; write: luks keyfile=VOLUME:/path tries=0 "
     "discard=no\n"},
    {LUKS "name=a/b" LUKS_END,
     "ebb.conf:1:28: name \"a/b\" is not a name; use letters, digits, \"-\" and \"_\"\n"},
    {LUKS "tries=three" LUKS_END,
     "ebb.conf:1:28: tries \"three\" is not a number from 0 to 1000; write 0 for no limit\n"},
    {LUKS "tries=-1" LUKS_END,
     "ebb.conf:1:28: tries \"-1\" is not a number from 0 to 1000; write 0 for no limit\n"},
    {LUKS "tries=1001" LUKS_END,
     "ebb.conf:1:28: tries \"1001\" is not a number from 0 to 1000; write 0 for no limit\n"},
    {LUKS "tries=" LUKS_END,
     "ebb.conf:1:28: tries \"\" is not a number from 0 to 1000; write 0 for no limit\n"},
    {LUKS "tries=3x" LUKS_END,
     "ebb.conf:1:28: tries \"3x\" is not a number from 0 to 1000; write 0 for no limit\n"},
    {LUKS "discard=true" LUKS_END,
     "ebb.conf:1:28: discard \"true\" is unknown; write no or yes\n"},
    {LUKS "no-read-workqueue=1" LUKS_END,
     "ebb.conf:1:28: no-read-workqueue \"1\" is unknown; write no or yes\n"},
    {LUKS "no-write-workqueue=1" LUKS_END,
     "ebb.conf:1:28: no-write-workqueue \"1\" is unknown; write no or yes\n"},
    {LUKS "keyfile=key" LUKS_END,
     "ebb.conf:1:28: keyfile \"key\" is no path; write /path for a file that goes into the image, "
     "or VOLUME:/path\n"},
    {LUKS "keyfile=" LUKS_END,
     "ebb.conf:1:28: keyfile \"\" is no path; write /path for a file that goes into the image, "
     "or VOLUME:/path\n"},
    {LUKS "keyfile=/etc/../key" LUKS_END,
     "ebb.conf:1:28: keyfile \"/etc/../key\" contains \"..\"; write a path such as "
     "/etc/ebb/key\n"},
    {LUKS "header=keys:header" LUKS_END,
     "ebb.conf:1:23: \"UUID=a\" stands in the header, which is elsewhere; name the device of the "
     "volume \"state\" with PARTUUID= or PARTLABEL=\n"
     "ebb.conf:1:28: header \"keys:header\" is relative behind the colon; write VOLUME:/path\n"},
    /* one fault, told once: the key was meant */
    {LUKS "keyfile=key keyfile-size=32" LUKS_END,
     "ebb.conf:1:28: keyfile \"key\" is no path; write /path for a file that goes into the image, "
     "or VOLUME:/path\n"},
    {LUKS "keyfile=kyes:/key" LUKS_END "volume keys LABEL=keys { fs vfat }\n",
     "ebb.conf:1:28: no volume \"kyes\" is declared; did you mean \"keys\"?\n"},
    {LUKS "keyfile=/key keyfile-offset=4X" LUKS_END,
     "ebb.conf:1:41: keyfile-offset \"4X\" is not a number of bytes; write for example 4096 or "
     "4k\n"},
    {LUKS "keyfile=/key keyfile-size=-1" LUKS_END,
     "ebb.conf:1:41: keyfile-size \"-1\" is not a number of bytes; write for example 4096 or 4k\n"},
    {LUKS "keyfile=/key keyfile-size=1kk" LUKS_END,
     "ebb.conf:1:41: keyfile-size \"1kk\" is not a number of bytes; write for example 4096 or "
     "4k\n"},
    {LUKS "keyfile=/key keyfile-offset=9007199254740992k" LUKS_END,
     "ebb.conf:1:41: keyfile-offset \"9007199254740992k\" is not a number of bytes; write for "
     "example 4096 or 4k\n"},
    {LUKS "keyfile=/key keyfile-size=9M" LUKS_END,
     "ebb.conf:1:23: keyfile-size= is at most 8M; write the number that the key was added with\n"},
    {LUKS "keyfile-offset=1k keyfile-size=32" LUKS_END,
     "ebb.conf:1:23: keyfile-offset= and keyfile-size= say nothing without keyfile=; add it, or "
     "remove them\n"},
    {LUKS "keyfile=state:/key" LUKS_END,
     "ebb.conf:1:28: the key of the volume \"state\" would lie in the volume itself; name another "
     "volume\n"},
    {"volume state PARTLABEL=a { luks header=state:/h; fs ext4 }\ngenerations state:/g\n",
     "ebb.conf:1:33: the header of the volume \"state\" would lie in the volume itself; name "
     "another volume\n"},
    {LUKS "header=/etc/header" LUKS_END,
     "ebb.conf:1:23: \"UUID=a\" stands in the header, which is elsewhere; name the device of the "
     "volume \"state\" with PARTUUID= or PARTLABEL=\n"},
    {LUKS "keyfile=keys:/key" LUKS_END "volume keys LABEL=keys { fs vfat; mount /keys }\n",
     "ebb.conf:1:28: the volume \"keys\" holds keys, so it can have no `mount`, no state and no "
     "`luks`: it is mounted for a moment only; move the keys to one of their own\n"},
    {LUKS "keyfile=keys:/key" LUKS_END "volume keys LABEL=keys { luks }\n",
     "ebb.conf:1:28: the volume \"keys\" holds keys, so it can have no `mount`, no state and no "
     "`luks`: it is mounted for a moment only; move the keys to one of their own\n"},
    {LUKS "keyfile=keys:/key" LUKS_END
     "volume keys LABEL=keys { fs ext4 }\npersist keys:/ { dir /a }\n",
     "ebb.conf:1:28: the volume \"keys\" holds keys, so it can have no `mount`, no state and no "
     "`luks`: it is mounted for a moment only; move the keys to one of their own\n"},
    {LUKS "keyfile=keys:/key" LUKS_END "volume keys LABEL=keys\n",
     "ebb.conf:3:1: the volume \"keys\" does not say its file system; add to its block: fs ext4\n"},
    {LUKS "keyfile=keys:/key" LUKS_END "volume keys LABEL=keys { fs vfat check=yes }\n",
     "ebb.conf:3:1: the volume \"keys\" only holds keys, so it is mounted read-only for a moment "
     "and never checked; remove check=yes\n"},
    {LUKS "name=one" LUKS_END "volume one LABEL=one { luks }\n",
     "ebb.conf:3:24: \"/dev/mapper/one\" is the volume \"state\" already; choose another name=\n"},

    /* The shell of the rescue screen. */
    {BASE "rescue wait shell=bash\n",
     "ebb.conf:3:13: shell \"bash\" is unknown; write no, yes, or the hash of a password in "
     "quotes, as `mkpasswd` makes it\n"},
    {BASE "rescue wait shell=\n",
     "ebb.conf:3:13: shell \"\" is unknown; write no, yes, or the hash of a password in quotes, as "
     "`mkpasswd` makes it\n"},
    {BASE "rescue wait shell=\"$gy$j9T$F5Jx5fEx$IO6pzBT5\"\n", UNKNOWN_METHOD("$gy$...")},
    {BASE "rescue wait shell=\"$sha1$40000$F5Jx5fEx$IO6pzBT5\"\n", UNKNOWN_METHOD("$sha1$...")},
    {BASE "rescue wait shell=\"$2a$04$F5Jx5fEx\"\n", UNKNOWN_METHOD("$2a$...")},
    {BASE "rescue wait shell=\"$hunter2\"\n", UNKNOWN_METHOD("$...")},

    /* Syntax. */
    {STORE "    dir /a\n",
     "ebb.conf:3:1: the block of \"persist\" is not closed; add a line with \"}\"\n"},
    {"volume state LABEL=state {\n    fs ext4 {\n",
     "ebb.conf:1:1: the block of \"volume\" is not closed; add a line with \"}\"\n"
     "ebb.conf:2:5: \"fs\" takes no block; write: fs TYPE options=LIST check=no degraded=no "
     "damaged=rescue\n"
     "ebb.conf:2:5: the block of \"fs\" is not closed; add a line with \"}\"\n"},
    {BASE "}\n",
     "ebb.conf:3:1: \"}\" closes nothing; remove it\n"},
    {BASE "persist state:/persist\n{\n    dir /a\n}\n",
     "ebb.conf:4:1: \"{\" stands alone; put it on the line of its directive\n"},
    {VOLUME "persist state:/p { dir /a } generations state:/g\n",
     "ebb.conf:2:29: a new directive begins behind \"}\"; put it on a line of its own\n"},
    {BASE "module \"loop\nroot zfs\n",
     "ebb.conf:3:8: the quote \" is not closed on its line; close it\n"
     "ebb.conf:4:6: kind \"zfs\" is unknown; write tmpfs, overlay or subvolume\n"},
    {BASE "module 'loop\n",
     "ebb.conf:3:8: the quote ' is not closed on its line; close it\n"},
    {"volume state \"LABEL=state {\n    fs ext4\n    mount /persist\n}\n",
     "ebb.conf:1:14: the quote \" is not closed on its line; close it\n"},
    {BASE "persist state:/persist { dir \"/a }\nmodule a/b\n",
     "ebb.conf:3:30: the quote \" is not closed on its line; close it\n"
     "ebb.conf:4:8: name \"a/b\" is not a name; use letters, digits, \"-\" and \"_\"\n"},
    {BASE "root tmpfs \\\n    size=10%\n",
     "ebb.conf:3:12: nothing follows the backslash, and no line is continued on the next; "
     "join the two\n"},
    {BASE "module loop\\",
     "ebb.conf:3:8: nothing follows the backslash, and no line is continued on the next; "
     "join the two\n"},
    {BASE "module \"loop\\",
     "ebb.conf:3:8: the quote \" is not closed on its line; close it\n"},
    {"persist state:/persist \\\n"
     "{\n"
     "    dir /a\n"
     "}\n"
     "volume state LABEL=state { fs ext4; mount /persist }\n"
     "generations state:/generations\n",
     "ebb.conf:1:24: nothing follows the backslash, and no line is continued on the next; "
     "join the two\n"},
    {BASE "module loop\\\r\n  timeout=3\r\n",
     "ebb.conf:3:8: nothing follows the backslash, and no line is continued on the next; "
     "join the two\n"},
    {BASE "rot tmpfs\npersist satte:/a { dir /a }\n",
     "ebb.conf:3:1: unknown directive \"rot\"; did you mean \"root\"?\n"
     "ebb.conf:4:9: no volume \"satte\" is declared; did you mean \"state\"?\n"},
    {STORE "    dir \"/srv/Téléchargements\" mode=9\n}\n",
     "ebb.conf:4:32: mode \"9\" is not a mode; write octal digits, such as 0755\n"},

    /* Bytes. */
    {BASE "module \xff\n",
     "ebb.conf:3:8: the byte 0xff is not UTF-8; save the file as UTF-8 text\n"},
    {BASE "module \xc0\xaf\n",
     "ebb.conf:3:8: the byte 0xc0 is not UTF-8; save the file as UTF-8 text\n"},
    {BASE "module \xed\xa0\x80\n",
     "ebb.conf:3:8: the byte 0xed is not UTF-8; save the file as UTF-8 text\n"},
    {BASE "module \xf4\x90\x80\x80\n",
     "ebb.conf:3:8: the byte 0xf4 is not UTF-8; save the file as UTF-8 text\n"},
    {BASE "module \xe2\x82\n",
     "ebb.conf:3:8: the byte 0xe2 is not UTF-8; save the file as UTF-8 text\n"},
    {BASE "module T\xe9l\xe9\n",
     "ebb.conf:3:9: the byte 0xe9 is not UTF-8; save the file as UTF-8 text\n"},
    {BASE "module a\x07""b\n",
     "ebb.conf:3:9: there is a control character (0x07); remove it\n"},
    {BASE "module \x1b[2J\n",
     "ebb.conf:3:8: there is a control character (0x1b); remove it\n"},
    {BASE "module \xc2\x9b""2J\n",
     "ebb.conf:3:8: there is a control character (0x9b); remove it\n"},
    {BASE "module \x7f\n",
     "ebb.conf:3:8: there is a control character (0x7f); remove it\n"},
    {BASE "module a\rb\n",
     "ebb.conf:3:9: there is a control character (0x0d); remove it\n"},
    {BASE "# a\x0c""b\n",
     "ebb.conf:3:4: there is a control character (0x0c); remove it\n"},

    /* Includes. */
    {BASE "include ebb.conf\n",
     "ebb.conf:3:9: \"ebb.conf\" includes itself; remove the include\n"},
    {BASE "include ./ebb.conf\n",
     "ebb.conf:3:9: \"./ebb.conf\" includes itself; remove the include\n"},
    {BASE "include a.conf\n=== a.conf\n# first\n  include ebb.conf\n",
     "a.conf:2:11: \"ebb.conf\" includes itself by way of \"a.conf\"; remove one include\n"},
    {BASE "include a.conf\n=== a.conf\ninclude b.conf\n=== b.conf\ninclude a.conf\n",
     "b.conf:1:9: \"a.conf\" includes itself by way of \"b.conf\"; remove one include\n"},
    {BASE "include nowhere.conf\n",
     "ebb.conf:3:9: cannot read \"nowhere.conf\": No such file or directory; make it, or "
     "correct the name\n"},
    {BASE "include more/a.conf\n=== more/a.conf\ninclude b.conf\n",
     "more/a.conf:1:9: cannot read \"more/b.conf\": No such file or directory; make it, or "
     "correct the name\n"},
    {"include disks.conf\npersist state:/persist { dir /a }\n",
     "ebb.conf:1:9: cannot read \"disks.conf\": No such file or directory; make it, or "
     "correct the name\n"},
    {BASE "include more/*.conf\n",
     "ebb.conf:3:9: warning: no file matches \"more/*.conf\"; ignoring the include\n"},
    {BASE "include more/*.conf\n=== more/a.txt\nmodule loop\n",
     "ebb.conf:3:9: warning: no file matches \"more/*.conf\"; ignoring the include\n"},
    {BASE "include */a.conf\n",
     "ebb.conf:3:9: \"*/a.conf\" has a wildcard in a folder; use it in the last part only\n"},
    {BASE "include ebb.conf/*.conf\n",
     "ebb.conf:3:9: cannot list \"ebb.conf/\": Not a directory; correct the name\n"},
    {BASE "include more\n=== more/a.conf\nmodule loop\n",
     "ebb.conf:3:9: cannot read \"more\": Is a directory; name a file in it, or all with a "
     "glob such as *.conf\n"},
    {BASE "include more/a.conf\n=== more/a.conf\n\n\n  root zfs\n",
     "more/a.conf:3:8: kind \"zfs\" is unknown; write tmpfs, overlay or subvolume\n"},
    {BASE "include a.conf\nroot zfs\n=== a.conf\nroot tmpfs mode=9\n",
     "a.conf:1:12: mode \"9\" is not a mode; write octal digits, such as 0755\n"
     "ebb.conf:4:6: kind \"zfs\" is unknown; write tmpfs, overlay or subvolume\n"},

    /* The same thing twice. */
    {STORE "    dir /a\n    dir /b\n    dir /a\n}\n",
     "ebb.conf:6:5: \"persist /a\" is declared twice, first at ebb.conf:4:5; remove one\n"},
    {STORE "    dir /a\n    file /a\n}\n",
     "ebb.conf:5:5: \"persist /a\" is declared twice, first at ebb.conf:4:5; remove one\n"},
    {STORE "    dir /a\n}\npersist state:/other { dir /a }\n",
     "ebb.conf:6:24: \"persist /a\" is declared twice, first at ebb.conf:4:5; remove one\n"},
    {STORE "    dir /a\n    dir /a\n    dir /a\n}\n",
     "ebb.conf:5:5: \"persist /a\" is declared twice, first at ebb.conf:4:5; remove one\n"
     "ebb.conf:6:5: \"persist /a\" is declared twice, first at ebb.conf:4:5; remove one\n"},
    {BASE "volume state LABEL=other { fs ext4 }\n",
     "ebb.conf:3:1: \"volume state\" is declared twice, first at ebb.conf:1:1; remove one\n"},
    {BASE "root tmpfs\nroot overlay\n",
     "ebb.conf:4:1: \"root\" is declared twice, first at ebb.conf:3:1; remove one\n"},
    {BASE "generations state:/other\n",
     "ebb.conf:3:1: \"generations\" is declared twice, first at ebb.conf:2:1; remove one\n"},
    {BASE "rescue wait\nrescue reboot\n",
     "ebb.conf:4:1: \"rescue\" is declared twice, first at ebb.conf:3:1; remove one\n"},
    {BASE "keymap de\nkeymap none\n",
     "ebb.conf:4:1: \"keymap\" is declared twice, first at ebb.conf:3:1; remove one\n"},
    {BASE "include a.conf\ninclude b.conf\n=== a.conf\nroot tmpfs\n=== b.conf\nroot overlay\n",
     "b.conf:1:1: \"root\" is declared twice, first at a.conf:1:1; remove one\n"},
    {BASE "include a.conf\n=== a.conf\nroot tmpfs\nroot overlay\n",
     "a.conf:2:1: \"root\" is declared twice, first at a.conf:1:1; remove one\n"},
    {BASE "root tmpfs\nroot overlay\ninclude a.conf\n=== a.conf\nroot tmpfs size=1g\n",
     "ebb.conf:4:1: \"root\" is declared twice, first at ebb.conf:3:1; remove one\n"},
    {BASE
     "include a.conf\n"
     "include b.conf\n"
     "=== a.conf\n"
     "include b.conf\n"
     "rescue wait\n"
     "=== b.conf\n"
     "rescue reboot\n",
     "a.conf:2:1: \"rescue\" is declared twice, first at b.conf:1:1; remove one\n"},
    {"volume state LABEL=state {\n"
     "    fs ext4\n"
     "    mount /a\n"
     "    fs btrfs\n"
     "}\n"
     "generations state:/generations\n",
     "ebb.conf:4:5: \"fs\" stands twice in this \"volume\", first at ebb.conf:2:5; remove one\n"},

    /* What makes no sense together. */
    {BASE "volume other LABEL=state { fs ext4 }\n",
     "ebb.conf:3:1: \"LABEL=state\" is the volume \"state\" already, at ebb.conf:1:1; declare "
     "it once\n"},
    {BASE "volume other LABEL=other { fs ext4; mount /persist }\n",
     "ebb.conf:3:37: \"/persist\" is where the volume \"state\" is mounted, at ebb.conf:1:37; "
     "choose another\n"},
    {"volume state LABEL=state { fs ext4; mount / }\ngenerations state:/generations\n",
     "ebb.conf:1:37: the volume \"state\" cannot be the root, which is thrown away at every "
     "boot; mount it below, such as on /persist\n"},
    {"volume state LABEL=state { fs ext4; mount /proc/x }\ngenerations state:/generations\n",
     "ebb.conf:1:37: \"/proc/x\" belongs to the kernel's own file systems; mount the volume "
     "elsewhere\n"},
    {"volume state LABEL=state { mount /persist }\ngenerations state:/generations\n",
     "ebb.conf:1:1: the volume \"state\" does not say its file system; add to its block: fs "
     "ext4\n"},
    {"volume state LABEL=state\ngenerations state:/generations\n",
     "ebb.conf:1:1: the volume \"state\" does not say its file system; add to its block: fs "
     "ext4\n"},
    {BASE "persist sttae:/persist { dir /a }\n",
     "ebb.conf:3:9: no volume \"sttae\" is declared; did you mean \"state\"?\n"},
    {BASE "persist games:/persist { dir /a }\n",
     "ebb.conf:3:9: no volume \"games\" is declared; add: volume games UUID=ID { ... }\n"},
    {VOLUME "generations games:/generations\n",
     "ebb.conf:2:13: no volume \"games\" is declared; add: volume games UUID=ID { ... }\n"},
    {VOLUME,
     "ebb.conf: no generations are declared, so there is nothing to boot; add: "
     "generations VOLUME:/generations\n"},
    {"",
     "ebb.conf: no generations are declared, so there is nothing to boot; add: "
     "generations VOLUME:/generations\n"},
    {"# later\n",
     "ebb.conf: no generations are declared, so there is nothing to boot; add: "
     "generations VOLUME:/generations\n"},
    {BASE "root tmpfs mode=0\n",
     "ebb.conf:3:1: nobody could enter a root of mode 0000; write mode=0755\n"},
    /* A root that is a subvolume. */
    {BASE "root subvolume state:/@root\n",
     "ebb.conf:3:16: the volume \"state\" is ext4, which has no subvolumes; name one of btrfs, or write root tmpfs\n"},
    {"volume state LABEL=state { fs btrfs }\ngenerations state:/generations\nroot subvolume\n",
     "ebb.conf:3:1: the root lacks its place; write: root subvolume VOLUME:/path keep=30d\n"},
    {"volume state LABEL=state { fs btrfs }\ngenerations state:/generations\nroot subvolume @root\n",
     "ebb.conf:3:16: place \"@root\" is not a place on a volume; write VOLUME:/path, such as state:/persist\n"},
    {"volume state LABEL=state { fs btrfs }\ngenerations state:/generations\nroot subvolume sate:/@root\n",
     "ebb.conf:3:16: no volume \"sate\" is declared; did you mean \"state\"?\n"},
    {"volume state LABEL=state { fs btrfs }\ngenerations state:/generations\nroot subvolume state:/\n",
     "ebb.conf:3:16: \"/\" cannot be renamed, as a root is at every boot; name a subvolume, such as state:/@root\n"},
    {"volume state LABEL=state { fs btrfs }\ngenerations state:/generations\nroot subvolume state:/.ebb/root\n",
     "ebb.conf:3:16: \"/.ebb/root\" cannot be renamed, as a root is at every boot; name a subvolume, such as state:/@root\n"},
    {"volume state LABEL=state { fs btrfs }\ngenerations state:/generations\nroot subvolume state:/@root keep=0\n",
     "ebb.conf:3:29: keep \"0\" is not an age; write a number and s, min, h or d, such as 30d\n"},
    {"volume state LABEL=state { fs btrfs }\ngenerations state:/generations\nroot subvolume state:/@root keep=5ms\n",
     "ebb.conf:3:29: keep \"5ms\" is not an age; write a number and s, min, h or d, such as 30d\n"},
    {"volume state LABEL=state { fs btrfs }\ngenerations state:/generations\nroot subvolume state:/@root keep=36501d\n",
     "ebb.conf:3:29: keep \"36501d\" is too long; the longest is 36500d\n"},
    {"volume state LABEL=state { fs btrfs }\ngenerations state:/generations\nroot subvolume state:/@root keep=0d\n",
     "ebb.conf:3:29: keep=0 would delete old roots before anybody could look into them; write a longer one, such as keep=1d\n"},
    {"volume state LABEL=state { fs btrfs }\ngenerations state:/generations\nroot subvolume state:/@root size=10%\n",
     "ebb.conf:3:1: a root that is a subvolume is as large as its volume, so size= means nothing; remove it\n"},
    {"volume state LABEL=state { fs btrfs }\ngenerations state:/generations\nroot subvolume state:/@root inodes=1k\n",
     "ebb.conf:3:1: a root that is a subvolume is as large as its volume, so inodes= means nothing; remove it\n"},
    {"volume state LABEL=state { fs btrfs options=subvol=@ }\ngenerations state:/generations\nroot subvolume state:/@root\n",
     "ebb.conf:3:16: the volume \"state\" shows only its subvolume \"@\"; the root needs the whole: write options=subvolid=5\n"},
    {"volume state LABEL=state { fs btrfs options=noatime,subvolid=256 }\ngenerations state:/generations\nroot subvolume state:/@root\n",
     "ebb.conf:3:16: the volume \"state\" shows only its subvolume \"subvolid=256\"; the root needs the whole: write options=subvolid=5\n"},
    {"volume state LABEL=state { fs btrfs options=ro }\ngenerations state:/generations\nroot subvolume state:/@root\n",
     "ebb.conf:3:16: the volume \"state\" is mounted read-only, so no root can be made on it; remove \"ro\" from its options\n"},
    {"volume state LABEL=state { fs btrfs }\ngenerations state:/generations\nvolume other LABEL=other { fs btrfs }\nroot subvolume state:/@root blank=other:/blank\n",
     "ebb.conf:4:29: the blank snapshot lies on the volume \"other\", and a snapshot cannot leave its volume; name one on \"state\"\n"},
    {"volume state LABEL=state { fs btrfs }\ngenerations state:/generations\nroot subvolume state:/@root blank=state:/@root\n",
     "ebb.conf:3:29: \"state:/@root\", the blank snapshot, lies in the root, which is thrown away at every boot, at ebb.conf:3:16; choose another place for one of them\n"},
    {"volume state LABEL=state { fs btrfs }\ngenerations state:/generations\nroot subvolume state:/generations\n",
     "ebb.conf:2:13: \"state:/generations\", the folder of the generations, lies in the root, which is thrown away at every boot, at ebb.conf:3:16; choose another place for one of them\n"},
    {"volume state LABEL=state { fs btrfs }\ngenerations state:/generations\nroot subvolume state:/persist\npersist state:/persist/kept { dir /srv }\n",
     "ebb.conf:4:31: \"state:/persist/kept/srv\", a persist entry, lies in the root, which is thrown away at every boot, at ebb.conf:3:16; choose another place for one of them\n"},
    {"volume state LABEL=state { fs btrfs options=subvolid=5 }\ngenerations state:/generations\nvolume home LABEL=state { fs btrfs options=subvol=@root/home; mount /home }\nroot subvolume state:/@root\n",
     "ebb.conf:3:1: \"state:/@root/home\", the volume \"home\", lies in the root, which is thrown away at every boot, at ebb.conf:4:16; choose another place for one of them\n"},
    {BASE "root tmpfs state:/@root\n",
     "ebb.conf:3:1: a place is for a root that is a subvolume; remove it, or write root subvolume VOLUME:/path\n"},
    {BASE "root overlay keep=3d\n",
     "ebb.conf:3:1: keep= is for a root that is a subvolume; remove it, or write root subvolume VOLUME:/path\n"},
    {BASE "root tmpfs blank=state:/blank\n",
     "ebb.conf:3:1: blank= is for a root that is a subvolume; remove it, or write root subvolume VOLUME:/path\n"},

    {STORE "    dir /\n}\n",
     "ebb.conf:4:5: \"/\" cannot persist as a whole: the root is thrown away at every boot; "
     "name the folders to keep\n"},
    {STORE "    dir /proc/a\n}\n",
     "ebb.conf:4:5: \"/proc/a\" belongs to \"/proc\", which is made anew at every boot; "
     "remove it\n"},
    {STORE "    dir /sys\n}\n",
     "ebb.conf:4:5: \"/sys\" belongs to \"/sys\", which is made anew at every boot; remove it\n"},
    {STORE "    dir /dev/shm\n}\n",
     "ebb.conf:4:5: \"/dev/shm\" belongs to \"/dev\", which is made anew at every boot; "
     "remove it\n"},
    {STORE "    dir /run/user\n}\n",
     "ebb.conf:4:5: \"/run/user\" belongs to \"/run\", which is made anew at every boot; "
     "remove it\n"},
    {STORE "    dir /persist\n}\n",
     "ebb.conf:4:5: \"/persist\" is where the volume \"state\" is mounted, at ebb.conf:1:37; "
     "remove one of the two\n"},
    {STORE "    dir /var/lib/a\n    dir /var\n}\n",
     "ebb.conf:4:5: \"/var/lib/a\" persists already as part of \"/var\", at ebb.conf:5:5; "
     "remove one of the two\n"},
    {STORE "    dir /a\n    file /a/b/c/d/e\n}\n",
     "ebb.conf:5:5: \"/a/b/c/d/e\" persists already as part of \"/a\", at ebb.conf:4:5; "
     "remove one of the two\n"},
    {STORE "    file /etc/a\n    dir /etc/a/b\n}\n",
     "ebb.conf:5:5: \"/etc/a/b\" lies below \"/etc/a\", which is declared as a file at "
     "ebb.conf:4:5; correct one\n"},
    {STORE "    file /etc/a\n}\npersist state:/other { dir /etc/a/b }\n",
     "ebb.conf:6:24: \"/etc/a/b\" lies below \"/etc/a\", which is declared as a file at "
     "ebb.conf:4:5; correct one\n"},
    {STORE "    file /srv\n}\nvolume games LABEL=games { fs ext4; mount /srv/games }\n",
     "ebb.conf:4:5: \"/srv\" is declared as a file, but the volume \"games\" is mounted below "
     "it, at ebb.conf:6:37; correct one\n"},
    {STORE "    file /a method=cpoy\n    file /b method=move\n}\n",
     "ebb.conf:4:13: method \"cpoy\" is unknown; did you mean \"copy\"?\n"
     "ebb.conf:5:13: method \"move\" is unknown; write bind, symlink or copy\n"},
    {STORE "    dir /a method=copy\n}\n",
     "ebb.conf:4:5: \"/a\" is a folder, and only files are copied; write method=bind\n"},
    {BASE "persist other:/ { file /a method=symlink; dir /b method=symlink }\n"
          "volume other LABEL=other { fs ext4 }\n",
     "ebb.conf:3:19: \"/a\" would be a link to the volume \"other\", which the running system does "
     "not see; add to its block: mount /other\n"
     "ebb.conf:3:43: \"/b\" would be a link to the volume \"other\", which the running system does "
     "not see; add to its block: mount /other\n"},
    {STORE "    dir /a method=symlink\n    file /a/b\n    file /a/c method=copy\n}\n",
     "ebb.conf:5:5: \"/a/b\" lies below \"/a\", which is a symbolic link by its method at "
     "ebb.conf:4:5; write method=bind there\n"
     "ebb.conf:6:5: \"/a/c\" lies below \"/a\", which is a symbolic link by its method at "
     "ebb.conf:4:5; write method=bind there\n"},
    {STORE "    file /etc/machine-id method=symlink\n}\n",
     "ebb.conf:4:5: \"/etc/machine-id\" is always copied, for systemd wants no link there; leave "
     "method= out\n"},
    {STORE "    file /etc/shadow\n    file /etc/group method=symlink\n}\n",
     "ebb.conf:4:5: warning: \"/etc/shadow\" is replaced by a rename (passwd and usermod), which "
     "fails on a file that is bound; write method=copy\n"
     "ebb.conf:5:5: warning: \"/etc/group\" is replaced by a rename (groupadd and usermod), which "
     "ends the link, and the new file is lost; write method=copy\n"},
    {STORE "    file /home/alice/.ssh/known_hosts\n    file /root/.config/kwinrc\n}\n",
     "ebb.conf:4:5: warning: \"/home/alice/.ssh/known_hosts\" is replaced by a rename (ssh-keygen "
     "-R), which fails on a file that is bound; write method=copy\n"
     "ebb.conf:5:5: warning: \"/root/.config/kwinrc\" is replaced by a rename (KDE), which fails "
     "on a file that is bound; write method=copy\n"},

    /* All of one run. */
    {"volume state UUUD=1 { fs }\n"
     "rot tmpfs\n"
     "generations sate:/generations\n"
     "persist state:/persist {\n"
     "    dir var/log mode=9\n"
     "    file /etc/a onwer=x\n"
     "    dir /proc\n"
     "}\n"
     "module a b\n"
     "}\n",
     "ebb.conf:1:14: device \"UUUD=1\" is not a device; write UUID=, LABEL=, PARTUUID= or "
     "PARTLABEL=, or a path in /dev\n"
     "ebb.conf:1:23: \"fs\" lacks its type; write: fs TYPE options=LIST check=no degraded=no "
     "damaged=rescue\n"
     "ebb.conf:2:1: unknown directive \"rot\"; did you mean \"root\"?\n"
     "ebb.conf:3:13: no volume \"sate\" is declared; did you mean \"state\"?\n"
     "ebb.conf:5:9: path \"var/log\" is relative; write a path such as /var/log\n"
     "ebb.conf:5:17: mode \"9\" is not a mode; write octal digits, such as 0755\n"
     "ebb.conf:6:17: \"file\" has no option \"onwer\"; did you mean \"owner\"?\n"
     "ebb.conf:7:5: \"/proc\" belongs to \"/proc\", which is made anew at every boot; remove "
     "it\n"
     "ebb.conf:9:10: \"b\" is one word too many; write: module NAME\n"
     "ebb.conf:10:1: \"}\" closes nothing; remove it\n"},
};
/* clang-format on */

static void test_cases(void **state)
{
    (void)state;
    size_t failures = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        begin();
        write_files(cases[i].text);
        auto_string report = report_of(NULL);
        if (strcmp(report, cases[i].report) == 0)
            continue;
        print_error("--- of\n%s--- is said\n%s--- and not\n%s", cases[i].text, report,
                    cases[i].report);
        failures++;
    }
    assert_int_equal(failures, 0);
}

/* Every line is `place: text`; the text begins in lower case, with a quote or "/", and is no full
 * sentence. */
static void test_taste(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        assert_true(*cases[i].report);
        for (const char *line = cases[i].report; *line; line = strchr(line, '\n') + 1) {
            const char *text = strstr(line, ": "), *end = strchr(line, '\n');
            bool good = text && end && text < end && end[-1] != '.' &&
                        strchr("\"abcdefghijklmnopqrstuvwxyz", text[2]);
            assert_true(good);
        }
    }
}

static void test_good(void **state)
{
    (void)state;
    static const char *const good[] = {
        VOLUME "generations state:/generations\n",
        BASE ESP "boot esp:/ options=\"quiet console=ttyS0\" timeout=0s\n",
        BASE "keymap de-latin1\n",
        BASE "keymap /usr/share/keymaps/my.kmap.gz\n",
        BASE "rescue reboot after=1min shell=yes\n",
        BASE "rescue wait shell=\"$y$j9T$abc\"\n",
        BASE "rescue wait shell=\"$7$BU$abc\"\n",
        BASE "rescue wait shell=\"$2b$04$abc\"\n",
        BASE "rescue wait shell=\"$2y$04$abc\"\n",
        BASE "rescue wait shell=\"$6$abc\"\n",
        BASE "rescue wait shell=\"$5$abc\"\n",
        BASE "rescue wait shell=\"$1$abc\"\n",
        BASE "volume home LABEL=home { lvm; raid degraded=after=20s; fs ext4 check=yes }\n",
        BASE "volume games LABEL=games { fs btrfs degraded=ro }\n",
        BASE "volume games LABEL=games { fs xfs options=noatime damaged=ask }\n",
        "volume state LABEL=state { fs btrfs degraded=after=9s damaged=memory }\n"
        "volume root LABEL=root { fs btrfs damaged=rescue }\n"
        "generations state:/generations\nroot subvolume root:/@root\n",
        LUKS "name=crypt tries=0 keyfile=keys:/k keyfile-offset=1M keyfile-size=4k discard=yes "
             "no-read-workqueue=yes no-write-workqueue=no" LUKS_END
             "volume keys LABEL=keys { fs vfat }\n",
        LUKS "keyfile=/etc/key keyfile-size=8M tries=1000" LUKS_END,
        "volume state PARTLABEL=a { luks header=/etc/header; fs ext4 }\ngenerations state:/g\n",
        "volume state /dev/sda2 { luks header=keys:/h keyfile=keys:/k; fs ext4 }\n"
        "volume keys LABEL=keys { fs vfat }\ngenerations state:/g\n",
        BASE "volume disk UUID=a { luks }\nvolume home LABEL=home { fs ext4; mount /home }\n",
        BASE "keymap none\ninclude a.conf\n=== a.conf\nkeymap de\n",
        BASE "\r\n# a comment\r\n\r\nroot tmpfs\r\n",
        "\xef\xbb\xbf" BASE,
        "; ;" BASE ";;\n",
        STORE "    file /etc/shadow method=copy\n    file /a method=bind\n"
              "    file /b/x method=symlink\n    dir /c method=symlink\n"
              "    file /etc/machine-id method=copy\n    file /home/etc/shadow\n"
              "    file /known_hosts\n    file /.ssh/known_hosts\n"
              "    file /root/.config/zsh/zshrc\n    file /etc/shadow-\n    dir /etc/passwd\n}\n",
        STORE "    dir /a-b\n    dir /a\n    dir /a+\n}\n",
        STORE "    dir /var\n}\npersist other:/p { dir /var/log }\n"
              "volume other LABEL=other { fs ext4 }\n",
        STORE "    dir /a\n}\ninclude a.conf\n=== a.conf\npersist state:/ { file /a }\n",
        BASE "include *.cfg\n=== a.cfg\ninclude *.inc\n=== b.cfg\n=== c.inc\n=== d.inc\n",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(good); i++) {
        begin();
        write_files(good[i]);
        auto_string report = report_of(NULL);
        assert_string_equal(report, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_taste),
        cmocka_unit_test(test_good),
    };
    return cmocka_run_group_tests(tests, enter_cases, leave_scratch);
}
