# Completion of consign for Fish.
function __consign_complete
    set -l words (commandline -opc)
    # The word that is being typed has its quotes and backslashes yet.
    set -l current (commandline -ct | string replace -r '^["\']' '' | string replace -ra '\\\\(.)' '$1')
    $words[1] complete fish --current "$current" -- $words 2>/dev/null
    or return 0
end
function __consign_or_files
    set -l found (__consign_complete)
    if set -q found[1]
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end
complete -c consign -f -k -a '(__consign_or_files)'
