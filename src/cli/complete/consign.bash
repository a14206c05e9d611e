# Completion of consign for Bash.
_consign() {
    local line="${COMP_LINE:0:COMP_POINT}" one
    COMPREPLY=()
    while IFS= read -r one; do
        COMPREPLY[${#COMPREPLY[@]}]="$one"
    done < <("${1/#\~/$HOME}" complete bash --current "$line" --breaks "$COMP_WORDBREAKS" 2>/dev/null)
}
# Where it has no answer, a file fits. `nosort` came with Bash 4.4.
if ((BASH_VERSINFO[0] > 4 || (BASH_VERSINFO[0] == 4 && BASH_VERSINFO[1] >= 4))); then
    complete -o default -o nosort -F _consign consign
else
    complete -o default -F _consign consign
fi
