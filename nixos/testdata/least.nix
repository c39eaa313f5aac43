# Everything is on one volume, and nothing is said that has a default.
{
  volumes.nix = { device = "/dev/vda2"; fs.type = "ext4"; mount = "/nix"; };
  persist."/nix/persist".files = [ "/etc/machine-id" ];
}
