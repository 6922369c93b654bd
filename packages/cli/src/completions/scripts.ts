/** The shells' side of completion. The scripts ask for every answer, so they never grow old, and they evaluate nothing that was typed. */

/** Needs no bash-completion package, and works in the old bash of macOS. COMP_WORDS is cut at = and : too, which is undone here. */
const bash = `# bash completion for gantry
_gantry() {
  local word line answer files= glue= count=0 kind=
  local -a words answers
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if ((count > 0)) && [[ -n $glue || $word == [=:]* ]]; then
      words[count - 1]+="$word"
    else
      words[count]="$word"
      ((++count))
    fi
    glue=
    [[ $word == *[=:] ]] && glue=yes
  done
  while IFS= read -r line; do
    if [[ $line == :* ]]; then files="\${line#:}"; else answers+=("\${line%%$'\\t'*}"); fi
  done < <(command gantry complete -- "\${words[@]}" 2>/dev/null)
  local whole="\${words[count - 1]}"
  local last="\${whole##*[=:]}"
  local before="\${whole%"$last"}"
  COMPREPLY=()
  if ((\${#answers[@]} > 0)); then
    compopt -o nosort 2>/dev/null
    for answer in "\${answers[@]}"; do COMPREPLY+=("$(printf %q "\${answer#"$before"}")"); done
  elif [[ $files == files || $files == folders ]]; then
    kind=-f
    [[ $files == folders ]] && kind=-d
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$kind" -- "$last")
  fi
}
complete -F _gantry gantry
`;

const zsh = `#compdef gantry
_gantry() {
  local line value description files
  local -a answers
  for line in "\${(@f)$(command gantry complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :* ]]; then
      files="\${line#:}"
    elif [[ -n $line ]]; then
      value="\${line%%$'\\t'*}"
      [[ $PREFIX == --*=* ]] && value="\${value#*=}"
      description=
      [[ $line == *$'\\t'* ]] && description=":\${line#*$'\\t'}"
      answers+=("\${value//:/\\\\:}$description")
    fi
  done
  [[ $PREFIX == --*=* ]] && compset -P '*='
  if (( \${#answers} )); then
    _describe -V 'gantry' answers
  elif [[ $files == files ]]; then
    _files
  elif [[ $files == folders ]]; then
    _files -/
  fi
}
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then
  _gantry "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
  compdef _gantry gantry
fi
`;

const fish = `# fish completion for gantry
function __gantry_complete
    set -l current (commandline -ct)
    set -l words (commandline -opc)
    set -l found
    set -l files
    for line in (command gantry complete -- $words[2..-1] "$current" 2>/dev/null)
        if string match -q -- ':*' $line
            set files (string sub -s 2 -- $line)
        else
            set found yes
            printf '%s\\n' $line
        end
    end
    if test -z "$found"
        if test "$files" = files
            __fish_complete_path "$current"
        else if test "$files" = folders
            __fish_complete_directories "$current" ''
        end
    end
end
complete -c gantry -e
complete -c gantry -f -k -a '(__gantry_complete)'
`;

export const scripts = { bash, zsh, fish };
export type Shell = keyof typeof scripts;
