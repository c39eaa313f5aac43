# Ebb as a package of nixpkgs. There was no nixpkgs to build it with where this was written: it tells
# what is needed, and the overrides that make static libraries may want a correction.
{ lib, stdenv, pkg-config, openssl, cryptsetup, lvm2, libargon2, libxcrypt, util-linux, kmod, json_c
, libyaml, zlib, zstd, xz, lz4, bzip2, glibc }:
let
  # PID 1 is static, and made with the C library of the tool: these, with their static archives too.
  withArchive = package: package.overrideAttrs (_: { dontDisableStatic = true; });
  archives = map withArchive [ libargon2 libxcrypt util-linux kmod json_c libyaml ] ++ [
    (openssl.override { static = true; })
    ((withArchive cryptsetup).overrideAttrs (old: {
      configureFlags = (old.configureFlags or [ ]) ++ [ "--enable-static" ];
    }))
    (lvm2.overrideAttrs (old: {
      configureFlags = (old.configureFlags or [ ]) ++ [ "--enable-static_link" ];
    }))
  ];
in
stdenv.mkDerivation {
  pname = "ebb";
  version = "0.1";
  src = lib.cleanSource ../.;

  nativeBuildInputs = [ pkg-config ];
  buildInputs = archives ++ [
    openssl cryptsetup lvm2 util-linux kmod json_c libyaml libxcrypt zlib zstd xz lz4 bzip2
    glibc.static
  ];

  # deps/build would fetch the sources of Debian.
  postPatch = ''
    patchShebangs checks deps
    mkdir -p build/deps/lib
    for folder in ${lib.concatMapStringsSep " " (package: "${lib.getLib package}/lib ${lib.getDev package}/lib") archives}; do
      for archive in $folder/*.a; do
        test ! -e $archive || ln -sf $archive build/deps/lib/
      done
    done
    touch -d tomorrow build/deps/ready
  '';

  makeFlags = [ "prefix=" "DESTDIR=$(out)" ];
  enableParallelBuilding = true;

  meta = {
    description = "Boots a machine whose root is thrown away at every boot";
    license = lib.licenses.mit;
    platforms = [ "x86_64-linux" ];
    mainProgram = "ebb";
  };
}
