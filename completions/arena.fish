function _arena_completion
    set -l line (commandline -cp | string collect)
    for answer in (env COMP_WORDS="$line" _ARENA_COMPLETE=fish_complete arena 2>/dev/null)
        set -l found (string split --max 1 , -- $answer)
        set -l flag (string match -r -- '^--[^=]*=' $found[2])
        set -l start (string replace -r -- '^--[^=]*=' '' $found[2])
        switch $found[1]
            case dir
                string replace -r -- '^' "$flag" (__fish_complete_directories "$start")
            case file
                string replace -r -- '^' "$flag" (__fish_complete_path "$start")
            case plain
                printf '%s\n' $found[2]
        end
    end
end

complete --no-files --command arena --arguments '(_arena_completion)'
