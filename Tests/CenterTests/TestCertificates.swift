import Foundation

/// The certificates in `Tests/Certificates`, for `localhost`, and a key that is used for nothing else.
enum TestCertificates {
    static let key = text("key")
    /// Valid from 2020 to 2120.
    static let good = text("good")
    /// Valid in January 2020.
    static let expired = text("expired")

    private static func text(_ name: String) -> String {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../Certificates/\(name).pem")
        guard let text = try? String(contentsOf: file, encoding: .utf8) else {
            preconditionFailure("\(file.path) cannot be read")
        }
        return text
    }
}
