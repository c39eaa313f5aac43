# Ebb as a package of nixpkgs. There was no nixpkgs to build it with where this was written: it tells
# what is needed, and its steps were taken by hand, with the sources that Debian has.
{ lib, stdenv, autoconf, automake, libtool, perl, pkg-config, openssl, cryptsetup, lvm2, libargon2
, libxcrypt, util-linux, kmod, json_c, libyaml, zlib, zstd, xz, lz4, bzip2, glibc }:
let
  # PID 1 is static. ../deps has a recipe for each of these libraries, and the tool is linked with the
  # shared ones of the same sources.
  sources = {
    libcrypt = libxcrypt.src;
    libcrypto = openssl.src;
    libcryptsetup = cryptsetup.src;
    libdevmapper = lvm2.src;
    libkmod = kmod.src;
    libmount = util-linux.src;
    libyaml = libyaml.src;
  };

  # libblkid.a and libuuid.a are made where they are not left out; other packages leave none out.
  static = util-linux.overrideAttrs (_: { dontDisableStatic = true; });

  # What make has built in the folder already is not of this system; files of that name are scripts.
  isSource = path: type:
    baseNameOf path != ".git" && !(type == "directory" && baseNameOf path == "build");
in
stdenv.mkDerivation {
  pname = "ebb";
  version = "0.1";
  src = builtins.path { name = "ebb-source"; path = ../.; filter = isSource; };

  nativeBuildInputs = [ autoconf automake libtool perl pkg-config ];
  buildInputs = [
    openssl cryptsetup lvm2 libargon2 libxcrypt static kmod json_c libyaml zlib zstd xz lz4 bzip2
    glibc.static
  ];

  postPatch = "patchShebangs deps";

  # As deps/build does it, which would fetch the sources of Debian.
  preBuild = ''
    buildLibrary() {
      local tree=$PWD/build/deps/unfinished/$1 recipe=$PWD/deps/$1
      mkdir -p "$tree"
      cd "$tree"
      unpackFile "$2"
      cd */
      chmod -R u+w .
      patchShebangs .
      for verb in configure compile "install $PREFIX"; do
        $recipe $verb
      done
    }
    eval "$(grep ^flags= deps/build)"
    ${builtins.concatStringsSep "\n" (map (name: ''
      (export CFLAGS="$flags" PREFIX="$PWD/build/deps" JOBS="$NIX_BUILD_CORES"
      buildLibrary ${name} ${sources.${name}})
    '') (builtins.attrNames sources))}
    rm -r build/deps/unfinished
    touch build/deps/ready
  '';

  # Warnings of a newer compiler are no errors, and there is no package manager to glue to.
  makeFlags = [ "prefix=$(out)" "GLUE=" "WARNINGS=" ];
  enableParallelBuilding = true;

  meta = {
    description = "Boots a machine whose root is thrown away at every boot";
    license = lib.licenses.mit;
    platforms = [ "x86_64-linux" ];
    mainProgram = "ebb";
  };
}
