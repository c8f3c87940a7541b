_arena_completion() {
    local line=${COMP_LINE:0:COMP_POINT} program=$1 answer
    local named='(^|[[:space:]])(([^[:space:]]*/)?arena)([[:space:]].*)?$'
    if [[ ${BASH_ALIASES[$1]-} =~ $named ]]; then
        line=arena${BASH_REMATCH[4]}${line#*"$1"} program=${BASH_REMATCH[2]}
    fi
    [[ $program == */* ]] || program=arena
    program=${program/#\~\//$HOME/}
    while IFS= read -r answer; do
        case $answer in
            dir,*) compopt -o dirnames ;;
            file,*) compopt -o default ;;
            plain,*)
                [[ $answer == *= ]] && compopt -o nospace
                COMPREPLY+=("${answer#plain,}")
                ;;
        esac
    done < <(env COMP_WORDS="$line" COMP_BREAKS="$COMP_WORDBREAKS" _ARENA_COMPLETE=bash_complete \
        "${program//\\}" 2>/dev/null)
}

complete -o nosort -F _arena_completion arena
