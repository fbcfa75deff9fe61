"""flask-idempotent2, as two decorators, a lock around a cache, that are told which headers tell requests apart."""

from flask import Flask
from flask_idempotent2 import Idempotent, gen_keyfunc
from flask_shop import shop
from redis import Redis
from sqlalchemy.orm import sessionmaker
from wired import REDIS

application = Flask(__name__)
idempotent = Idempotent(application, Redis.from_url(REDIS), sessionmaker())
of_request = gen_keyfunc(headers=["Idempotency-Key", "Authorization"])
shop(application, lambda handler: idempotent.lock(30, keyfunc=of_request)(idempotent.cache(86400, of_request)(handler)))
