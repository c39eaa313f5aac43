/* What is said about the values of parameters and options. */

#include "plan/wrong.h"

#define UNKNOWN_METHOD(shown)                                                                      \
    "ebb.conf:3:13: shell \"" shown "\" is made by a method that PID 1 does not know; make a "     \
    "hash by yescrypt, scrypt, bcrypt, sha512crypt, sha256crypt or md5crypt, as `mkpasswd "        \
    "--method=yescrypt` does\n"

/* clang-format off */
static const struct wrong cases[] = {
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
