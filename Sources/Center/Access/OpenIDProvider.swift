import API
import Fleet
import Foundation
import HTTPClient
import Linux
import Logging
import NIOCore
import NIOHTTP1
import NetworkErrors
import Sealing
import Synchronization

/// The relying party of OpenID Connect: authorization code flow with PKCE (OpenID Connect Core 1.0 §3.1, RFC 7636).
actor OpenIDProvider {
    /// Seconds between leaving for the provider and coming back.
    static let logInLimit = 600
    private static let answerByteLimit = 1 << 20
    private static let limits = HTTPClientLimits(whole: .seconds(10))
    /// Seconds after which the provider's description is fetched again, and between two searches for an unknown key.
    private static let (descriptionAge, keySearchPause) = (3_600, 60)

    /// The provider's description of itself (OpenID Connect Discovery 1.0 §3), as far as it is used.
    private struct Description: Decodable {
        var issuer: String
        var authorization_endpoint: String
        var token_endpoint: String
        var jwks_uri: String
        var userinfo_endpoint: String?
        var token_endpoint_auth_methods_supported: [String]?

        /// Where codes, tokens and keys pass.
        var addresses: [(name: String, address: String)] {
            [
                ("authorization_endpoint", authorization_endpoint), ("token_endpoint", token_endpoint),
                ("jwks_uri", jwks_uri),
            ] + (userinfo_endpoint.map { [("userinfo_endpoint", $0)] } ?? [])
        }
    }

    private struct TokenAnswer: Decodable {
        var id_token: String
        var access_token: String?
    }

    /// Where to send the browser, and the cookie that identifies it on return.
    struct Departure {
        var url: String
        var cookie: String
    }

    let settings: OpenIDSettings
    private let client: HTTPClient
    private let logger: Logger
    private var description: (value: Description, at: Int)?
    /// One request serves all who wait: log-ins can be started without authentication.
    private var asking: Task<Description, any Error>?
    private var keys: (value: JSONWebKeys, at: Int)?
    /// For tickets: log-ins under way when the server restarts must begin again.
    private let ticketKey = SecretKey()

    init(settings: OpenIDSettings, logger: Logger) throws {
        self.settings = settings
        self.logger = logger
        client = try settings.authorityPath.map { try HTTPClient(trusting: $0) } ?? HTTPClient()
    }

    // MARK: The way out and back

    func depart(redirect: String, back: String) async throws -> Departure {
        let description = try await self.describe()
        guard redirect.utf8.count <= LogInTicket.pathLimit else {
            throw Problem(400, "Unreadable request", "the address of this server is too long")
        }
        let one = LogInTicket(redirect: redirect, back: back, since: Clock.steadySecond)
        let challenge = Base64URL.text(of: Hashing.sha256(Array(one.verifier.utf8)))
        let fields = [
            ("response_type", "code"), ("client_id", settings.clientID), ("redirect_uri", redirect),
            ("scope", settings.scopes.joined(separator: " ")), ("state", one.state), ("nonce", one.nonce),
            ("code_challenge", challenge), ("code_challenge_method", "S256"),
        ]
        let separator = description.authorization_endpoint.contains("?") ? "&" : "?"
        return Departure(
            url: description.authorization_endpoint + separator + Self.form(fields),
            cookie: try one.sealed(by: ticketKey))
    }

    /// The person who came back, and the page that they wanted.
    /// - Parameter issuer: the issuer in the browser's request (RFC 9207); empty when missing.
    func arrive(cookie: String, state: String, code: String, issuer: String) async throws -> (
        DirectoryPerson, back: String
    ) {
        let now = Clock.steadySecond
        guard let one = LogInTicket(opening: cookie, by: ticketKey), now - one.since < Self.logInLimit,
            Secrets.isEqual(one.state, state), issuer.isEmpty || issuer == settings.issuer
        else {
            throw Problem(
                403, "Forbidden", "this log-in was not begun here, or too long ago; please begin again")
        }
        let description = try await self.describe()
        let answer = try await tokens(code, one, description)
        let claims = try await verified(answer.id_token, nonce: one.nonce, description)
        var all = claims.values
        let isComplete = all[settings.nameClaim]?.text != nil && all[settings.groupsClaim] != nil
        if !isComplete, let access = answer.access_token, let url = description.userinfo_endpoint {
            let more = try await userInfo(url, access)
            // OpenID Connect Core §5.3.2: an answer about another subject must not be used.
            guard more["sub"]?.text == all["sub"]?.text else {
                throw failure("its user information is about another person")
            }
            all.merge(more) { mine, _ in mine }
        }
        guard let name = all[settings.nameClaim]?.text, !name.isEmpty else {
            throw failure("it does not name ‘\(settings.nameClaim)’ (setting name-claim)")
        }
        // At most 255 characters (OpenID Connect Core §2).
        guard let subject = claims.values["sub"]?.text, (1...255).contains(subject.utf8.count) else {
            throw failure("it does not name ‘sub’")
        }
        let person = DirectoryPerson(
            name: name, fullName: all["name"]?.text ?? "", groups: all[settings.groupsClaim]?.texts ?? [],
            identity: ProviderIdentity(issuer: settings.issuer, subject: subject))
        return (person, one.back)
    }

    // MARK: Asking the provider

    private func describe() async throws -> Description {
        if let description, Clock.steadySecond - description.at < Self.descriptionAge {
            return description.value
        }
        if let asking { return try await asking.value }
        let asking = Task { try await fetchDescription() }
        self.asking = asking
        defer { self.asking = nil }
        return try await asking.value
    }

    private func fetchDescription() async throws -> Description {
        let now = Clock.steadySecond
        let base = settings.issuer.hasSuffix("/") ? String(settings.issuer.dropLast()) : settings.issuer
        let found: Description = try await get("\(base)/.well-known/openid-configuration")
        guard found.issuer == settings.issuer else {
            throw failure("its issuer is ‘\(found.issuer)’, not ‘\(settings.issuer)’")
        }
        for (name, address) in found.addresses where !isProtected(address) {
            throw failure("its \(name) is ‘\(address)’, which is not https://…")
        }
        description = (found, now)
        return found
    }

    /// Whether what passes at `address` is encrypted (OpenID Connect Discovery 1.0 §3), or never leaves this host.
    private func isProtected(_ address: String) -> Bool {
        let bare = address.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)[0]
        guard let place = RemoteAddress(String(bare)) else { return false }
        return place.scheme == "https"
            || place.scheme == "http" && place.isThisHost
                && RemoteAddress(settings.issuer)?.isThisHost == true
    }

    private func tokens(_ code: String, _ one: LogInTicket, _ description: Description) async throws
        -> TokenAnswer
    {
        var request = HTTPClientRequest(url: description.token_endpoint)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        var fields = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", one.redirect),
            ("code_verifier", one.verifier),
        ]
        // RFC 6749 §2.3.1: Basic unless the provider only accepts the other method.
        let methods = description.token_endpoint_auth_methods_supported ?? ["client_secret_basic"]
        if methods.contains("client_secret_basic") {
            let pair = "\(Self.escaped(settings.clientID)):\(Self.escaped(settings.clientSecret))"
            request.headers.add(
                name: "Authorization", value: "Basic \(Data(pair.utf8).base64EncodedString())")
        } else {
            fields += [("client_id", settings.clientID), ("client_secret", settings.clientSecret)]
        }
        request.body = ByteBuffer(string: Self.form(fields))
        return try await answer(to: request)
    }

    private func userInfo(_ url: String, _ token: String) async throws -> [String: ClaimValue] {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        return try await answer(to: request)
    }

    private func get<T: Decodable>(_ url: String) async throws -> T {
        try await answer(to: HTTPClientRequest(url: url))
    }

    private func answer<T: Decodable>(to request: HTTPClientRequest) async throws -> T {
        var request = request
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "roost")
        let bytes: ByteBuffer
        let answer: HTTPClientResponse
        do {
            answer = try await client.execute(request, within: Self.limits)
            bytes = try await answer.body.collect(upTo: Self.answerByteLimit)
        } catch {
            throw failure("\(request.url) does not answer: \(ErrorText.of(error))")
        }
        guard answer.status == 200 else {
            throw failure("\(request.url) answers \(answer.statusText)")
        }
        do {
            return try JSONDecoder().decode(T.self, from: Data(bytes.readableBytesView))
        } catch {
            throw failure("\(request.url) does not answer as OpenID Connect requires")
        }
    }

    // MARK: Judging tokens

    /// The claims of an ID token that this provider signed for us now (OpenID Connect Core §3.1.3.7).
    private func verified(_ token: String, nonce: String, _ description: Description) async throws -> IDClaims
    {
        let claims: IDClaims
        do {
            do {
                claims = try IDClaims(token, signedBy: await signingKeys(description, isNew: false))
            } catch let problem as JSONWebKeys.Problem {
                // The provider may have changed its keys meanwhile.
                guard let keys, Clock.steadySecond - keys.at >= Self.keySearchPause else { throw problem }
                claims = try IDClaims(token, signedBy: await signingKeys(description, isNew: true))
            }
        } catch let problem as Problem { throw problem } catch {
            throw failure("its token is not valid: \(ErrorText.of(error))")
        }
        guard claims.values["iss"]?.text == description.issuer else {
            throw failure("its token was issued by another provider")
        }
        guard claims.isMeant(for: settings.clientID)
        else {
            throw failure(
                "its token is for \(claims.audience.sorted().joined(separator: ", ")), not for this server")
        }
        guard let told = claims.values["nonce"]?.text, Secrets.isEqual(told, nonce) else {
            throw failure("its token is from another log-in")
        }
        return claims
    }

    private func signingKeys(_ description: Description, isNew: Bool) async throws -> JSONWebKeys {
        let now = Clock.steadySecond
        if !isNew, let keys, now - keys.at < Self.descriptionAge { return keys.value }
        struct KeySet: Decodable { var keys: [[String: ClaimValue]] }
        let set: KeySet = try await get(description.jwks_uri)
        let found = JSONWebKeys(set.keys)
        keys = (found, now)
        return found
    }

    private func failure(_ text: String) -> Problem {
        logger.warning("OpenID Connect: \(settings.issuer): \(text)")
        return Problem(
            502, "Log-in provider failed", "the log-in provider failed; see the server's log")
    }

    // MARK: Text

    private static func form(_ fields: [(String, String)]) -> String {
        fields.map { "\($0.0)=\(escaped($0.1))" }.joined(separator: "&")
    }

    private static func escaped(_ text: String) -> String {
        let plain = CharacterSet(charactersIn: "-._~").union(.alphanumerics)
            .intersection(CharacterSet(charactersIn: Unicode.Scalar(0)..<Unicode.Scalar(128)))
        return text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
    }
}
