# What NixOS is told of the volumes that are mounted, by their mounts: all of them are before systemd
# begins. Nothing here needs nixpkgs.
volumes:
let
  inherit (builtins) attrNames concatMap isList listToAttrs;

  fileSystem = name:
    let
      volume = volumes.${name};
      luks = volume.luks or null;
      options = volume.fs.options or "defaults";
    in
    if volume.mount or null == null then [ ]
    else [{
      name = volume.mount;
      value = {
        device = if luks == null || luks == false then volume.device
          else "/dev/mapper/${luks.name or name}";
        fsType = volume.fs.type;
        options = if isList options then options else [ options ];
        noCheck = true;
        neededForBoot = true;
      };
    }];
in
listToAttrs (concatMap fileSystem (attrNames volumes))
