# What people have: a store on a volume of its own, secrets of sops-nix, names that need quotes.
{
  volumes = {
    nix = { device = "LABEL=nix"; fs = { type = "ext4"; options = [ "noatime" ]; }; mount = "/nix"; };
    state = {
      device = "UUID=0a3407de-014b-458b-b5c1-848e92a327a3";
      wait = "2min";
      luks = { discard = true; tries = 0; };
      fs = { type = "btrfs"; options = [ "subvol=@state" "compress=zstd" ]; };
      mount = "/persist";
    };
    keys = { device = "PARTLABEL=a \"key\" \\ of mine"; luks = true; fs.type = "vfat"; };
  };
  root = { kind = "tmpfs"; size = "40%"; mode = "0755"; };
  generations.tries = 2;
  persistence = {
    "/persist" = {
      hideMounts = true;
      directories = [
        "/var/log"
        "/var/lib/nixos/"
        { directory = "/var/lib/acme"; user = "acme"; group = "acme"; mode = "u=rwx,g=rx,o="; }
        { directory = "/srv/Téléchargements = tout"; hideMount = false; mode = "a=rx"; }
      ];
      files = [
        "/etc/machine-id"
        { file = "/etc/ssh/ssh_host_ed25519_key"; parentDirectory.mode = "0755"; method = "auto"; }
        { file = "/etc/adjtime"; method = "symlink"; }
      ];
      users.alice = {
        directories = [ "Documents" { directory = ".ssh"; mode = "0700"; } "/.config/a # b" ];
        files = [ ".bash_history" ];
      };
      users.root.directories = [ ".cache" ];
    };
    "/persist/large" = { directories = [ "/var/lib/docker" ]; allowTrash = true; };
    "/persist/off" = { enable = false; directories = [ "/var/lib/off" ]; };
  };
  homes = { alice = "/home/a"; root = "/root"; };
  sops = {
    defaultSopsFile = "/nix/store/00000000000000000000000000000000-secrets.yaml";
    age = {
      keyFile = "/persist/keys/age.txt";
      sshKeyPaths = [ "/persist/etc/ssh/ssh_host_ed25519_key" ];
    };
    secrets = {
      "wifi/psk" = { mode = "0440"; owner = "root"; group = "networkmanager"; };
      "alice-password" = { key = "users/alice/password"; neededForUsers = true; owner = "root"; };
      token = { path = "/var/lib/acme/token"; owner = "acme"; };
      "usual" = { path = "/run/secrets/usual"; };
      certificate = {
        sopsFile = "/nix/store/11111111111111111111111111111111-certificate.pem";
        format = "binary";
      };
      "all.json" = { sopsFile = "/nix/store/22222222222222222222222222222222-all.json"; key = ""; };
    };
  };
  extraConfig = ''
    rescue reboot after=1min
  '';
}
