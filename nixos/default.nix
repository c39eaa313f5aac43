# A NixOS module: the machine boots by Ebb's initramfs, whose ebb.conf is made of options. It is
# imported in place of impermanence and sops-nix, whose options ./instead.nix declares.
#
# Only what needs nixpkgs is here. What the text of ebb.conf is, ./config.nix says.
{ config, lib, options, pkgs, ... }:
let
  cfg = config.ebb;
  inherit (lib) literalExpression mkEnableOption mkIf mkOption types;

  # Of volumes and the like, whose words are checked by `ebb check` when the image is made.
  words = types.attrsOf types.anything;

  text = import ./config.nix {
    inherit (cfg) volumes root generations persist secrets extraConfig;
    inherit (config.environment) persistence;
    inherit (config) sops;
    homes = lib.mapAttrs (_: user: user.home) config.users.users;
  };
  file = pkgs.writeText "ebb.conf" text;

  kernel = config.boot.kernelPackages.kernel;
  # The tools that an image takes along where it needs them.
  tools = pkgs.buildEnv {
    name = "ebb-tools";
    paths = map lib.getBin (with pkgs; [ kbd e2fsprogs dosfstools f2fs-tools mdadm busybox ]);
    ignoreCollisions = true; # busybox has some of them, too, and stands last
  };
  # `ebb build` looks at a folder as if it were the root, so links into the store need one in there.
  image = pkgs.runCommand "ebb-initrd" { nativeBuildInputs = [ cfg.package pkgs.kbd ]; } ''
    mkdir -p $out root/nix/store root/lib root/usr
    xargs cp -a -t root/nix/store < ${pkgs.closureInfo { rootPaths = [ tools file ]; }}/store-paths
    ln -s ${tools}/bin root/usr/bin
    cp -rL ${config.system.modulesTree}/lib/modules root/lib/modules
    ebb check ${file}
    ebb build --root root --kernel ${kernel.modDirVersion} ${
      lib.optionalString cfg.universal "--universal"
    } -o $out/${config.system.boot.loader.initrdFile} ${file}
  '';
in
{
  imports = [ ./instead.nix ];

  options.ebb = {
    enable = mkEnableOption "booting by Ebb, with a root that is thrown away";
    package = mkOption {
      type = types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = literalExpression "pkgs.callPackage ./package.nix { }";
      description = "Ebb itself.";
    };
    universal = mkOption {
      type = types.bool;
      default = true;
      description = "Take the drivers of disks and keyboards of all machines, and not of the one that builds.";
    };
    volumes = mkOption {
      type = types.attrsOf words;
      example = literalExpression ''
        {
          nix = { device = "LABEL=nix"; luks = { }; fs.type = "ext4"; mount = "/nix"; };
        }
      '';
      description = "The volumes of ebb.conf(5): what its words are called there, they are called here.";
    };
    root = mkOption {
      type = words;
      default = { };
      example = { size = "40%"; };
      description = "The root that is thrown away; tmpfs unless `kind` says otherwise.";
    };
    generations = mkOption {
      type = words;
      default = { };
      example = { tries = 3; };
      description = "Where the generations are, in the profile of the system unless `place` is given.";
    };
    persist = mkOption {
      inherit (options.environment.persistence) type;
      default = { };
      description = "What comes back, as environment.persistence has it.";
    };
    secrets = mkOption {
      type = types.attrsOf words;
      default = { };
      description = "Secrets, as sops.secrets has them.";
    };
    extraConfig = mkOption {
      type = types.lines;
      default = "";
      description = "Lines of ebb.conf(5) that are added as they are.";
    };
  };

  config = mkIf cfg.enable {
    assertions = [
      {
        assertion = !(config.system.nixos-init.enable or false);
        message = "ebb: with system.nixos-init.enable nothing beside the init prepares the root; set it to false";
      }
    ];
    environment.systemPackages = [ cfg.package ];
    # It also keeps the files of secrets that it names from the garbage collector.
    environment.etc."ebb/ebb.conf".source = file;

    boot.initrd.enable = true; # only what NixOS would have put into it is another image
    system.build.initialRamdisk = lib.mkForce image;
    # What installs boot loaders runs bin/append-initrd-secrets of it; Ebb's image takes no more files.
    system.build.initialRamdiskSecretAppender =
      lib.mkForce (pkgs.writeShellScriptBin "append-initrd-secrets" "");

    # Of units that packages bring, NixOS enables none by itself.
    systemd.packages = [ cfg.package ];
    systemd.services.ebb-write-back.wantedBy = [ "sysinit.target" ];

    # Binds of impermanence are made before systemd begins, so they are none of its mounts.
    fileSystems = import ./file-systems.nix cfg.volumes // {
      "/" = lib.mkDefault { device = "none"; fsType = "tmpfs"; };
    };
  };
}
