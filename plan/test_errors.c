/* What is said about the words of a line; and all that is wrong in one run. */

#include "plan/wrong.h"

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
    {"volume nix LABEL=n { fs ext4; mount /nix; }\nvolume esp LABEL=E { fs vfat; }\n"
     "generations nix:/profiles kind=nix\nboot esp:/\n",
     "ebb.conf:4:1: the boot entries of a Nix profile are made by NixOS; remove `boot`\n"},
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
     "after-volumes, after-root, before-persist, after-persist, before-switch or on-rescue\n"},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_taste),
    };
    all_cases = cases;
    all_count = ARRAY_LENGTH(cases);
    return cmocka_run_group_tests(tests, enter_cases, leave_scratch);
}
