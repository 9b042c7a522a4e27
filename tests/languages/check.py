"""Verifies and signs with PyJWT what the standard input asks for, in JSON."""

import json
import sys

import jwt


def key_of(job):
    if "secret" in job:
        return jwt.PyJWK({"kty": "oct", "k": job["secret"], "alg": job["alg"]})
    if "url" in job:
        return jwt.PyJWKClient(job["url"]).get_signing_key_from_jwt(job["token"])
    return jwt.PyJWKSet.from_dict(job["jwks"])[jwt.get_unverified_header(job["token"])["kid"]]


def verify(job):
    try:
        token = jwt.decode_complete(
            job["token"],
            key_of(job),
            algorithms=[job["alg"]],
            audience=job["audience"],
            issuer=job["issuer"],
            options={"require": ["iss", "sub", "aud", "exp", "iat", "jti"]},
        )
    except jwt.InvalidSignatureError:
        return None
    assert token["header"]["typ"] == "at+jwt"
    return token["payload"]


def sign(job):
    if "secret" in job:
        key = jwt.utils.base64url_decode(job["secret"])
    else:
        key = job["pem"]
    return jwt.encode(job["claims"], key, algorithm=job["alg"], headers={"typ": "at+jwt", "kid": job["kid"]})


asked = json.load(sys.stdin)
json.dump({"verified": list(map(verify, asked["verify"])), "signed": list(map(sign, asked["sign"]))}, sys.stdout)
