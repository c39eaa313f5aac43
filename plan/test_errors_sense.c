/* What is said where each line is right, and they make no sense together; and what is right. */

#include "plan/wrong.h"

/* clang-format off */
static const struct wrong cases[] = {
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
};
/* clang-format on */

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
    all_cases = cases;
    all_count = ARRAY_LENGTH(cases);
    return cmocka_run_group_tests(tests, enter_cases, leave_scratch);
}
