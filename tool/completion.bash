# shellcheck shell=bash
# Completion of ebb(8) for bash. It needs nothing but bash itself.

# Each fills COMPREPLY with what begins with $1.
_ebb_files() {
	compopt -o filenames 2>/dev/null # outside of a completion, as in a test, it cannot
	mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_ebb_folders() {
	compopt -o filenames 2>/dev/null # as above
	mapfile -t COMPREPLY < <(compgen -d -- "$1")
}

# Configurations and folders, or, where there are none, any file.
_ebb_configs() {
	compopt -o filenames 2>/dev/null # as above
	mapfile -t COMPREPLY < <(
		compgen -f -X '!*.conf' -- "$1"
		compgen -d -- "$1"
	)
	if [[ ${#COMPREPLY[@]} -eq 0 ]]; then _ebb_files "$1"; fi
}

# The lines of the input. Not by compgen -W, which would execute what stands in them.
_ebb_lines() {
	local line
	while IFS= read -r line; do
		if [[ $line == "$1"* ]]; then COMPREPLY+=("$line"); fi
	done
}

_ebb_kernels() {
	local folder
	for folder in /lib/modules/*/; do
		folder=${folder%/}
		if [[ -d $folder ]]; then printf '%s\n' "${folder##*/}"; fi
	done
}

# What stands behind option $2 of verb $1 and begins with $3. False: the option takes no value.
_ebb_value() {
	case $1:$2 in
	adopt:--root) _ebb_folders "$3" ;;
	adopt:--label | adopt:--volume) ;;
	build:--kernel) _ebb_lines "$3" < <(_ebb_kernels) ;;
	check:--kernel)
		if [[ $3 == */* ]]; then _ebb_files "$3"; else _ebb_lines "$3" < <(_ebb_kernels; echo running); fi
		;;
	vm:--kernel)
		if [[ $3 == */* ]]; then _ebb_files "$3"; else _ebb_lines "$3" < <(_ebb_kernels); fi
		;;
	build:-o | build:--output | build:--stub | build:--sign-key | build:--sign-cert | import:-o | import:--output) _ebb_files "$3" ;;
	build:--root | init:--tree | vm:--tree | vm:--keep) _ebb_folders "$3" ;;
	plan:--generation | vm:--generation | new:--from) mapfile -t COMPREPLY < <(compgen -W 'latest previous' -- "$3") ;;
	vm:--bus) mapfile -t COMPREPLY < <(compgen -W 'virtio ahci nvme usb' -- "$3") ;;
	init:--type) mapfile -t COMPREPLY < <(compgen -W 'ext4 ext3 ext2 btrfs f2fs' -- "$3") ;;
	init:--init | plan:--init | init:--name | init:--generations | init:--identity) ;;
	diff:--config | keep:--config | drop:--config | gc:--config | label:--config | list:--config | new:--config | pin:--config) _ebb_configs "$3" ;;
	diff:--store | gc:--store | label:--store | list:--store | new:--store | pin:--store) _ebb_folders "$3" ;;
	arm:--for | gc:--keep | new:--label | try:--for) ;;
	rollback:--with-state) ;;
	confirm:--timeout | health:--timeout) ;;
	keep:--in | orphans:--older | orphans:--empty-trash) ;;
	build:--cmdline | init:--size | init:--uuid | init:--label | import:--volume) ;;
	vm:--append | vm:--disk | vm:--passphrase | vm:--memory | vm:--exec | vm:--reboot-then | vm:--timeout) ;;
	*) return 1 ;;
	esac
}

_ebb_image() {
	local cur=$1 sub=${COMP_WORDS[2]} image word
	if [[ $COMP_CWORD -eq 2 ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'ls cat sections --help' -- "$cur")
		return
	fi
	if [[ $cur == -* ]]; then
		case $sub in
		ls) mapfile -t COMPREPLY < <(compgen -W '-l --json --help' -- "$cur") ;;
		sections) mapfile -t COMPREPLY < <(compgen -W '--json --help' -- "$cur") ;;
		esac
		return
	fi
	for word in "${COMP_WORDS[@]:3:COMP_CWORD-3}"; do
		if [[ $word != -* && -z ${image-} ]]; then image=$word; fi
	done
	if [[ -z ${image-} ]]; then
		_ebb_files "$cur"
	elif [[ $sub == cat && -f $image ]]; then
		_ebb_lines "$cur" < <("${COMP_WORDS[0]}" image ls -- "$image" 2>/dev/null)
	fi
}

# A format first, and then its file.
_ebb_import() {
	local word
	for word in "${COMP_WORDS[@]:2:COMP_CWORD-2}"; do
		case $word in impermanence | preservation | live-boot)
			_ebb_files "$1"
			return
			;;
		esac
	done
	mapfile -t COMPREPLY < <(compgen -W 'impermanence preservation live-boot' -- "$1")
}

# A verb, and its options and files.
_ebb_secrets() {
	local cur=$1 before=${COMP_WORDS[COMP_CWORD - 1]} options
	if [[ $COMP_CWORD -eq 2 ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'apply check list recipient --help' -- "$cur")
		return
	fi
	case ${COMP_WORDS[2]} in
	apply) options='--dry-run' ;;
	check) options='--root --volume --recipient --key-pub' ;;
	list) options='--json' ;;
	recipient) options='--config' ;;
	*) return ;;
	esac
	# bash splits --name=VALUE and --volume VOLUME=DIR at the "=".
	if [[ $cur == = ]]; then
		cur=''
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$cur")
		return
	fi
	case ${COMP_WORDS[2]}:$before in
	*:--volume | *:--recipient) ;; # nobody else knows them
	*:--key-pub) _ebb_files "$cur" ;;
	*:--config) _ebb_configs "$cur" ;;
	*:--root) _ebb_folders "$cur" ;;
	recipient:*) _ebb_files "$cur" ;;
	*) if [[ ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then _ebb_folders "$cur"; else _ebb_configs "$cur"; fi ;;
	esac
}

# A verb, and its options and files.
_ebb_boot() {
	local cur=$1 before=${COMP_WORDS[COMP_CWORD - 1]} options
	if [[ $COMP_CWORD -eq 2 ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'install status sync --help' -- "$cur")
		return
	fi
	case ${COMP_WORDS[2]} in
	install) options='--esp --rebuild --universal --no-loader' ;;
	status) options='--esp --json' ;;
	sync) options='--esp --rebuild --universal' ;;
	*) return ;;
	esac
	# bash splits --name=VALUE at the "=".
	if [[ $cur == = ]]; then
		cur=''
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$cur")
	elif [[ $before == --esp ]]; then
		_ebb_folders "$cur"
	else
		_ebb_configs "$cur"
	fi
}

_ebb() {
	local cur=${COMP_WORDS[COMP_CWORD]} before=$((COMP_CWORD - 1)) verb=${COMP_WORDS[1]-} split='' options
	COMPREPLY=()
	if [[ $COMP_CWORD -eq 1 ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'adopt arm boot build check confirm diff drop extend gc health image import init keep label list lost new orphans pin plan rollback secrets status try vm why write-back help --help --version' -- "$cur")
		return
	fi
	if [[ $verb == boot ]]; then
		_ebb_boot "$cur"
		return
	fi
	if [[ $verb == image ]]; then
		_ebb_image "$cur"
		return
	fi
	if [[ $verb == secrets ]]; then
		_ebb_secrets "$cur"
		return
	fi
	# bash splits --name=VALUE and --disk VOLUME=FILE at the "=".
	if [[ $cur == = ]]; then
		cur='' split=1
	elif [[ ${COMP_WORDS[before]} == = ]]; then
		before=$((before - 1)) split=1
	fi
	if [[ -n $split && ${COMP_WORDS[before]} != -* ]]; then
		_ebb_files "$cur"
		return
	fi
	if _ebb_value "$verb" "${COMP_WORDS[before]}" "$cur"; then return; fi
	case $verb in
	adopt) options='--root --volume --label --replace --dry-run --yes' ;;
	arm) options='--for --no-snapshot' ;;
	check) options='--print --kernel --options' ;;
	confirm) options='--timeout --no-checks' ;;
	health) options='--timeout --json' ;;
	diff) options='--files --json --store --config' ;;
	rollback) options='--clear --with-state' ;;
	why) options='--all --log' ;;
	keep) options='--in --replace --dry-run --config' ;;
	drop) options='--dry-run --config' ;;
	extend) options='' ;;
	gc) options='--keep --dry-run --store --config' ;;
	new) options='--from --label --dry-run --store --config' ;;
	label) options='--store --config' ;;
	list) options='--json --store --config' ;;
	pin) options='--remove --store --config' ;;
	lost) options='--newest --all --watch --json' ;;
	orphans) options='--trash --older --empty-trash --dry-run --json' ;;
	plan) options='--why --json --generation --init' ;;
	build) options='--output --root --kernel --universal --uki --cmdline --stub --sign-key --sign-cert -o' ;;
	import) options='--output --volume --force -o' ;;
	init) options='--tree --init --name --generations --identity --size --type --uuid --label' ;;
	write-back) options='--watch' ;;
	status) options='--slowest --json' ;;
	try) options='--for --no-snapshot --no-reboot' ;;
	vm) options='--kernel --generation --append --memory --disk --passphrase --bus --tree --uefi --snapshot --keep --exec --reboot-then --console --timeout' ;;
	*) return ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$cur")
	elif [[ $verb == import ]]; then
		_ebb_import "$cur"
	elif [[ $verb == diff ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'latest previous booted' -- "$cur")
	elif [[ $verb == status || $verb == extend || $verb == try || $verb == rollback || $verb == gc || $verb == health || $verb == label || $verb == new || $verb == list || $verb == pin ]]; then
		return # they take no word that is known here
	elif [[ $verb == init || $verb == lost || $verb == keep || $verb == drop ]]; then
		_ebb_files "$cur"
	elif [[ $verb == write-back ]]; then
		return # it takes no words
	else
		_ebb_configs "$cur"
	fi
}

complete -F _ebb ebb
