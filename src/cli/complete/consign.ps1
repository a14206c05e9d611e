# Completion of consign for PowerShell.
Register-ArgumentCompleter -Native -CommandName consign -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $before = @()
    foreach ($element in $commandAst.CommandElements) {
        if ($element.Extent.EndOffset -ge $cursorPosition) { break }
        if ($element -is [System.Management.Automation.Language.StringConstantExpressionAst]) {
            $before += $element.Value
        } else {
            $before += $element.Extent.Text
        }
    }
    # The word that is being typed has its quote yet.
    $current = $wordToComplete -replace "^['`"]", '' -replace "['`"]$", ''
    & $before[0] complete powershell "--current=$current" -- $before 2>$null | ForEach-Object {
        $value, $about = $_ -split "`t", 2
        if ($value -match '^[A-Za-z0-9_./=-]+$') { $text = $value } else { $text = "'" + ($value -replace "'", "''") + "'" }
        if (-not $about) { $about = $value }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $about)
    }
}
