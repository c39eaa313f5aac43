# The values of options, as text of ebb.conf(5). Nothing here needs nixpkgs, so that a test evaluates
# all of it: `import ./config.nix values`.
#
#   volumes      NAME -> { device; luks; lvm; raid; fs; mount; wait; identity; }
#   root         { kind; size; inodes; mode; }, or with kind = "subvolume" { place; keep; blank; }
#   generations  { place; kind; enter; default; tries; record; }
#   persistence  what environment.persistence of impermanence is; its stores lie on the volumes
#   persist      the same, of Ebb's own option
#   homes        USER -> the path of the home, for the users in there
#   sops         { secrets; age; defaultSopsFile; }, as sops-nix has them
#   secrets      the same as sops.secrets, of Ebb's own option
#   extraConfig  lines that are added as they are
values:
let
  inherit (builtins)
    attrNames concatStringsSep elemAt filter groupBy head intersectAttrs isAttrs isBool isList isString match
    replaceStrings sort split stringLength substring;

  lines = concatStringsSep "";
  mapAttrsToList = function: set: map (name: function name set.${name}) (attrNames set);
  startsWith = prefix: text: substring 0 (stringLength prefix) text == prefix;

  # One word. What stands in quotes is never taken for an option, a comment or the end of a line.
  word = value:
    let text = "${value}"; # a path is copied to the store
    in
    if match ".*[[:cntrl:]].*" text != null then
      throw "ebb: \"${text}\" has control characters, which ebb.conf cannot have; remove them"
    else if match "[A-Za-z0-9/_.,:%+@-]+" text != null then text
    else "\"${replaceStrings [ "\\" "\"" ] [ "\\\\" "\\\"" ] text}\"";

  # " name=value"; nothing for null.
  option = name: value:
    if value == null then ""
    else if isBool value then option name (if value then "yes" else "no")
    else if isList value then
      if value == [ ] then "" else option name (concatStringsSep "," value)
    else " ${name}=${word (toString value)}";
  options = set: names: lines (map (name: option name (set.${name} or null)) names);

  # { options = [ "noatime" ]; } as "options=noatime", in the order of the names.
  everyOption = set: options set (attrNames set);

  # A directive in the block of a volume: null and false for none, true for one without options.
  part = name: value:
    if value == null || value == false then ""
    else "    ${name}${if value == true then "" else everyOption value}\n";

  knownOfVolume = [ "device" "wait" "lvm" "raid" "luks" "fs" "mount" "identity" ];

  volume = name: declared:
    let unknown = attrNames (removeAttrs declared knownOfVolume);
    in
    if unknown == [ ] then volumeText name declared
    else throw "ebb: the volume \"${name}\" has an unknown word, \"${head unknown}\"; see ebb.conf(5)";

  volumeText = name: declared: ''
    volume ${word name} ${word declared.device}${option "wait" (declared.wait or null)} {
    ${part "lvm" (declared.lvm or null)}${part "raid" (declared.raid or null)}${part "luks" (declared.luks or null)}${
      if declared.fs or null == null then ""
      else "    fs ${word declared.fs.type}${everyOption (removeAttrs declared.fs [ "type" ])}\n"
    }${
      if declared.mount or null == null then "" else "    mount ${word declared.mount}\n"
    }${
      if declared.identity or null == null then "" else "    identity ${word declared.identity}\n"
    }}
  '';

  root = declared:
    "root ${declared.kind or "tmpfs"}"
    + (if declared.place or null == null then "" else " ${word declared.place}")
    + everyOption (removeAttrs declared [ "kind" "place" ]) + "\n";

  # The profile of the system, unless another place is given.
  generations = given:
    let
      profile = { place = "nix:/var/nix/profiles"; kind = "nix"; };
      declared = if given ? place then given else profile // given;
    in
    "generations ${word declared.place}" + everyOption (removeAttrs declared [ "place" ]) + "\n";

  # Of what both declare, one would be lost.
  join = what: ours: theirs:
    let both = attrNames (intersectAttrs ours theirs);
    in
    if both == [ ] then ours // theirs
    else throw "ebb: ${what} both declare \"${head both}\"; declare it in one of them";

  # Where a path of the running system lies: on the volume whose mount is the longest above it.
  placeOf = path:
    let
      mountOf = name: values.volumes.${name}.mount or null;
      above = name: mountOf name != null && (path == mountOf name || startsWith "${mountOf name}/" path);
      longer = left: right: stringLength (mountOf left) > stringLength (mountOf right);
      found = sort longer (filter above (attrNames values.volumes));
      rest = substring (stringLength (mountOf (head found))) (stringLength path) path;
    in
    if found == [ ] then
      throw "ebb: \"${path}\" lies on none of ebb.volumes; give one of them a mount above it"
    else "${head found}:${if rest == "" then "/" else rest}";

  # "u=rwx,g=rx,o=" as "0750".
  octal = mode:
    let
      bit = letter: value: letters: if match ".*${letter}.*" letters != null then value else 0;
      digit = class:
        let found = match "(.*,)?[ugo]*${class}[ugo]*=([rwx]*)(,.*)?" mode;
        in if found == null then 0
        else bit "r" 4 (elemAt found 1) + bit "w" 2 (elemAt found 1) + bit "x" 1 (elemAt found 1);
      whole = replaceStrings [ "a" ] [ "ugo" ] mode;
    in
    if match "[0-7]+" mode != null then mode
    else if mode != whole then octal whole
    else if match "[ugo]+=[rwx]*(,[ugo]+=[rwx]*)*" mode != null then
      "0${toString (digit "u")}${toString (digit "g")}${toString (digit "o")}"
    else throw "ebb: the mode \"${mode}\" is not known here; write it in octal digits, such as 0750";

  # "/a/b/" and "a/b" as "/a/b"; only "a/b" in a home.
  tidy = inHome: path:
    let parts = filter (part: isString part && part != "" && part != ".") (split "/" path);
    in (if inHome then "" else "/") + concatStringsSep "/" parts;

  # Strings stand for attribute sets; both modules that are understood have these names.
  entry = inHome: store: kind: given:
    let
      field = if kind == "dir" then "directory" else "file";
      declared = if isAttrs given then given else { ${field} = given; };
      flags = (if declared.hideMount or (store.hideMounts or false) then [ "hide" ] else [ ])
        ++ (if declared.allowTrash or (store.allowTrash or false) then [ "trash" ] else [ ]);
      method = declared.method or null;
      path = tidy inHome declared.${field};
    in
    "${if inHome then "        " else "    "}${kind} ${word path}"
    + (if path == "/etc/machine-id" then "" # which Ebb makes itself
    else
      option "owner" (declared.user or null)
      + option "group" (declared.group or null)
      + option "mode" (if declared.mode or null == null then null else octal declared.mode)
      + option "method" (if method == "auto" then null else method)
      + option "options" (if method == "symlink" then [ ] else flags))
    + "\n";

  entries = inHome: store: set:
    lines (map (entry inHome store "dir") (set.directories or [ ]))
    + lines (map (entry inHome store "file") (set.files or [ ]));

  home = store: user: set:
    "    home ${word user}${option "path" (values.homes.${user} or set.home or null)} {\n"
    + entries true (store // set) set + "    }\n";

  persist = path: store:
    if !(store.enable or true) then ""
    else "persist ${word (placeOf (store.persistentStoragePath or path))} {\n"
      + entries false store store
      + lines (mapAttrsToList (home store) (store.users or { })) + "}\n";

  persistence = join "ebb.persist and environment.persistence" (values.persist or { }) (values.persistence or { });

  sops = { age = { }; } // (values.sops or { });
  secrets = join "ebb.secrets and sops.secrets" (values.secrets or { }) (sops.secrets or { });
  keys = map keyFile (filter (key: key != null)
    ([ (sops.age.keyFile or null) ] ++ (sops.age.sshKeyPaths or [ ])));

  # Everybody can read what is in the store.
  keyFile = key:
    let path = toString key;
    in
    if startsWith builtins.storeDir path then
      throw "ebb: the key \"${path}\" lies in the store, where everybody can read it; keep it elsewhere"
    else path;

  # Everything that a secret may leave out.
  completed = name: given: {
    inherit name;
    key = name;
    sopsFile = sops.defaultSopsFile or (throw "ebb: the secret \"${name}\" has no sopsFile");
  } // given;

  # By name, or else by number.
  owner = declared: field: number:
    option field (if declared.${field} or null != null then declared.${field}
    else declared.${number} or null);

  # What is no YAML or JSON has no keys: it is all of the file, as sops-nix has it.
  secret = declared:
    let
      early = declared.neededForUsers or false;
      usual = "/run/secrets${if early then "-for-users" else ""}/${declared.name}";
      hasKeys = match ".*\\.(yaml|yml|json)" "${declared.sopsFile}" != null && declared.key != "";
    in
    (if hasKeys then "    secret ${word declared.key}"
      + option "name" (if declared.name == declared.key then null else declared.name)
    else "    whole ${word declared.name} plain=yes")
    + option "mode" (declared.mode or null)
    + option "path" (if declared.path or usual == usual then null else declared.path)
    + (if early then " early=yes" # it is root's
    else owner declared "owner" "uid" + owner declared "group" "gid")
    + "\n";

  secretsFile = file: list:
    "secrets ${word file} {\n" + lines (map (key: "    key ${word key}\n") keys)
    + lines (map secret list) + "}\n";

  secretsFiles = groupBy (declared: builtins.unsafeDiscardStringContext "${declared.sopsFile}")
    (mapAttrsToList completed secrets);
in
lines (
  mapAttrsToList volume values.volumes
  ++ [ (root (values.root or { })) (generations (values.generations or { })) ]
  ++ mapAttrsToList persist persistence
  # The name of an attribute does not tell Nix that the file is needed, so its value is printed.
  ++ mapAttrsToList (_: list: secretsFile (head list).sopsFile list) secretsFiles
  ++ [ (values.extraConfig or "") ]
)
