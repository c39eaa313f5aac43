/* What is said about the file: its syntax, its bytes, what it includes, and what stands there
 * twice. */

#include "plan/wrong.h"

/* clang-format off */
static const struct wrong cases[] = {
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
