# The options of impermanence and of sops-nix that Ebb understands, for configurations which have
# them. The modules themselves would mount and decrypt a second time, so they are not imported.
{ lib, ... }:
let
  inherit (lib) mkOption types;

  # Several modules add to the lists.
  list = mkOption { type = types.listOf types.anything; default = [ ]; description = "What persists."; };
  paths = {
    freeformType = types.attrsOf types.anything;
    options = { directories = list; files = list; };
  };
  store = types.submodule {
    imports = [ paths ];
    options.users = mkOption {
      type = types.attrsOf (types.submodule paths);
      default = { };
      description = "What persists of their homes.";
    };
  };

  secret = types.submodule ({ name, config, ... }: {
    freeformType = types.attrsOf types.anything; # such as format and restartUnits
    options = {
      key = mkOption { type = types.str; default = name; description = "Its key in the file."; };
      mode = mkOption { type = types.str; default = "0400"; description = "The mode of its file."; };
      neededForUsers = mkOption {
        type = types.bool;
        default = false;
        description = "It is there before users are made.";
      };
      # Others ask for it: config.sops.secrets.NAME.path
      path = mkOption {
        type = types.str;
        default = "/run/secrets${lib.optionalString config.neededForUsers "-for-users"}/${name}";
        description = "Where it is found.";
      };
    };
  });
in
{
  options = {
    environment.persistence = mkOption {
      type = types.attrsOf store;
      default = { };
      description = "What persists, by the folder that it is kept in, as impermanence has it.";
    };
    sops = mkOption {
      type = types.submodule {
        freeformType = types.attrsOf types.anything; # defaultSopsFile and what only sops-nix knows
        options = {
          secrets = mkOption {
            type = types.attrsOf secret;
            default = { };
            description = "Secrets, as sops-nix has them.";
          };
          age = mkOption {
            type = types.submodule {
              freeformType = types.attrsOf types.anything; # keyFile
              options.sshKeyPaths = mkOption {
                type = types.listOf types.str;
                default = [ ];
                description = "The private keys, as ssh has them.";
              };
            };
            default = { };
            description = "keyFile and sshKeyPaths: the private keys.";
          };
        };
      };
      default = { };
      description = "What sops-nix is told.";
    };
  };
}
