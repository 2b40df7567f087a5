import Foundation

/// A password from standard input: typed without echo, or piped.
package enum PasswordInput {
    package static var isTyped: Bool { isatty(STDIN_FILENO) != 0 }

    package static func read(_ prompt: String = "Password: ") throws -> String {
        if isTyped {
            guard let typed = unsafe getpass(prompt) else {
                throw Failure(text: "no password was typed", code: 1)
            }
            return unsafe String(cString: typed)
        }
        guard let line = readLine(), !line.isEmpty else {
            throw Failure(text: "the password is missing on standard input", code: 64)
        }
        return line
    }
}
