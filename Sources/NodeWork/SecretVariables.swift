/// Variables of a command whose values are secrets, from their files in the root.
struct SecretVariables {
    /// Without their last line ends.
    let values: [String: String]
    /// Shorter lines are parts of other words, too: they are not looked for in what is printed.
    private static let shortestHidden = 4

    /// - Parameter paths: the files, by the names of variables.
    init(_ paths: [String: String], in files: RootFiles) throws {
        values = try Dictionary(
            uniqueKeysWithValues: paths.map { name, path in
                guard var text = try files.text(path) else {
                    throw StepActing.Failure(
                        reason: "the secret for \(name) is not there: no \(path). Is it armed for this boot?")
                }
                while text.last?.isNewline == true { text.removeLast() }
                guard !text.contains("\0") else {
                    throw StepActing.Failure(reason: "the secret for \(name) has a zero byte in it")
                }
                return (name, text)
            })
    }

    /// Runs a program, and takes the values out of what it printed.
    func hidden(_ run: () throws -> String) throws -> String {
        do {
            return hiding(try run())
        } catch var failure as StepActing.Failure {
            failure.output = hiding(failure.output)
            throw failure
        }
    }

    /// Line by line: a program may print one line of a key.
    private func hiding(_ text: String) -> String {
        var text = text
        // What begins in the middle of a line could begin in the middle of a value.
        if text.utf8.count >= StepActing.outputLimit {
            text = text.firstIndex(where: \.isNewline).map { String(text[text.index(after: $0)...]) } ?? ""
        }
        let lines = values.flatMap { name, value in
            value.split(whereSeparator: \.isNewline).map { (name: name, text: String($0)) }
        }
        // The longest first: one may be a part of another.
        for line in lines.sorted(by: { $0.text.utf8.count > $1.text.utf8.count })
        where line.text.count >= Self.shortestHidden {
            text = text.replacing(line.text, with: "(\(line.name))")
        }
        return text
    }
}
