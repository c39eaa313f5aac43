# Everything is on one volume, and nothing is said that has a default.
{
  volumes.nix = { device = "/dev/vda2"; fs.type = "ext4"; mount = "/nix"; };
  generations = { place = "nix:/var/nix/profiles"; kind = "nix"; };
  persistence."/nix/persist".files = [ "/etc/machine-id" ];
}
