"""The serializers of requests and responses."""

from django.db import transaction
from django.db.models import Prefetch, prefetch_related_objects
from django_rest.models import Author, Book, Contribution
from rest_framework import serializers

AUTHORS = Prefetch("contributions", Contribution.objects.select_related("author").order_by("position"))


class ContributionSerializer(serializers.ModelSerializer):
    id = serializers.IntegerField(source="author_id", read_only=True)
    name = serializers.CharField(source="author.name", max_length=1000)

    class Meta:
        model = Contribution
        fields = ("id", "name", "role", "credited_as")
        read_only_fields = ("role", "credited_as")


class BookSerializer(serializers.ModelSerializer):
    authors = ContributionSerializer(source="contributions", many=True, required=False)

    class Meta:
        model = Book
        fields = (
            "id",
            "title",
            "subtitle",
            "isbn",
            "published",
            "publisher",
            "language",
            "page_count",
            "description",
            "series",
            "series_position",
            "subjects",
            "cover_url",
            "identifiers",
            "authors",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("created_at", "updated_at")

    @transaction.atomic
    def create(self, validated_data):
        contributions = validated_data.pop("contributions", [])
        names = list(dict.fromkeys(contribution["author"]["name"] for contribution in contributions))
        authors = {author.name: author for author in Author.objects.named(names)}
        missing = [Author(name=name, sort_name=name) for name in names if name not in authors]
        authors.update((author.name, author) for author in Author.objects.bulk_create(missing))
        book = Book.objects.create(**validated_data)
        Contribution.objects.bulk_create(
            Contribution(book=book, author=authors[name], position=position) for position, name in enumerate(names)
        )
        prefetch_related_objects([book], AUTHORS)
        return book
