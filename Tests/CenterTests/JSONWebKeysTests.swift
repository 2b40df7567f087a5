import Foundation
import Testing

@testable import Center

/// Tokens of log-in providers, with the examples of the standards.
@Suite struct JSONWebKeysTests {
    // RFC 7515 A.3 (ES256), A.2 (RS256), RFC 8037 A.4 (EdDSA).
    private static let curveKey =
        #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#
    private static let curveToken =
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    private static let rsaKey =
        #"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#
    private static let rsaToken =
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    private static let edwardsKey =
        #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
    private static let edwardsToken =
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    static let tokens = [curveToken, rsaToken, edwardsToken]

    private func fields(_ json: String) throws -> [String: ClaimValue] {
        try JSONDecoder().decode([String: ClaimValue].self, from: Data(json.utf8))
    }

    private func keys(_ change: (inout [String: ClaimValue]) -> Void = { _ in }) throws -> JSONWebKeys {
        JSONWebKeys(
            try [Self.curveKey, Self.rsaKey, Self.edwardsKey].map {
                var key = try fields($0)
                change(&key)
                return key
            })
    }

    @Test(arguments: tokens) func `a token signed by a key is decoded`(token: String) throws {
        let payload = String(decoding: try keys().payload(of: token), as: UTF8.self)
        #expect(payload.contains("joe") || payload == "Example of Ed25519 signing")
    }

    @Test(arguments: tokens) func `any changed byte of a token is refused`(token: String) throws {
        let keys = try keys()
        for index in stride(from: 0, to: token.utf8.count, by: 7) {
            var bytes = Array(token.utf8)
            bytes[index] = bytes[index] == 0x42 ? 0x43 : 0x42
            // The last letter has unused bits.
            guard index < bytes.count - 1 else { continue }
            #expect(throws: JSONWebKeys.Problem.self, "byte \(index)") {
                try keys.payload(of: String(decoding: bytes, as: UTF8.self))
            }
        }
    }

    private func token(_ header: String, of other: String) -> String {
        let parts = other.split(separator: ".")
        return "\(Base64URL.text(of: Array(header.utf8))).\(parts[1]).\(parts[2])"
    }

    @Test func `a token cannot choose how it is verified`() throws {
        let keys = try keys()
        let none = "\(Base64URL.text(of: Array("{\"alg\":\"none\"}".utf8))).e30."
        #expect(throws: JSONWebKeys.Problem.malformed) { try keys.payload(of: "") }
        #expect(throws: JSONWebKeys.Problem.malformed) { try keys.payload(of: "e30.e30") }
        #expect(throws: JSONWebKeys.Problem.self) { try keys.payload(of: none) }
        for (header, problem) in [
            ("{\"alg\":\"HS256\"}", JSONWebKeys.Problem.algorithm("HS256")),
            ("{\"alg\":\"rs256\"}", .algorithm("rs256")),
            // An algorithm of another kind than the key.
            ("{\"alg\":\"ES256\"}", .badSignature), ("{\"alg\":\"PS256\"}", .badSignature),
            ("{\"alg\":\"ES384\"}", .unknownKey("ES384")),
            ("{\"alg\":\"RS256\",\"crit\":[\"exp\"]}", .malformed), ("{\"typ\":\"JWT\"}", .malformed),
        ] {
            #expect(throws: problem, "\(header)") { try keys.payload(of: token(header, of: Self.rsaToken)) }
        }
    }

    @Test func `a token is verified only by keys that are suitable and strong enough`() throws {
        #expect(throws: JSONWebKeys.Problem.unknownKey("RS256")) {
            try JSONWebKeys([fields(Self.curveKey)]).payload(of: Self.rsaToken)
        }
        for change in [
            { $0["use"] = .string("enc") }, { $0["kty"] = .string("oct") },
            // A point that is not on the curve, and a modulus of 512 bits.
            {
                if $0["y"] != nil { $0["y"] = $0["x"] }
                if $0["n"] != nil { $0["n"] = .string(String(repeating: "q", count: 86)) }
                if $0["crv"] == .string("Ed25519") { $0["x"] = .string("AAAA") }
            },
        ] as [(inout [String: ClaimValue]) -> Void] {
            let keys = try keys(change)
            for token in Self.tokens {
                #expect(throws: JSONWebKeys.Problem.self) { try keys.payload(of: token) }
            }
        }
        let named = try keys { $0["kid"] = .string("other") }
        #expect(throws: Never.self) { try named.payload(of: Self.rsaToken) }
    }

    @Test func `a token's time is checked with two minutes of leeway`() throws {
        // It expires at 1300819380, and has no time of issue.
        #expect(throws: IDClaims.Problem.self) {
            try IDClaims(Self.rsaToken, signedBy: keys(), now: 1_300_819_501)
        }
        #expect(throws: IDClaims.Problem.self) {
            try IDClaims(Self.rsaToken, signedBy: keys(), now: 1_300_819_000)
        }
    }
}
