#compdef consign
# Completion of consign for Zsh.
_consign() {
    local -a values shown
    local value about
    while IFS=$'\t' read -r value about; do
        values+=("$value")
        if [[ -n $about ]]; then shown+=("$value  -- $about"); else shown+=("$value"); fi
    done < <("${(Q)words[1]}" complete zsh --current "${(Q)PREFIX}" -- "${(@Q)words[1,CURRENT-1]}" 2>/dev/null)
    if (( ${#values} )); then
        compadd -V consign -l -d shown -a values
    else
        _files
    fi
}
if [[ $funcstack[1] == _consign ]]; then
    _consign "$@"
else
    compdef _consign consign
fi
